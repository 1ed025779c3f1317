"""A market's life: it is added, retired and brought back."""
