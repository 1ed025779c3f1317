"""A market's life: it is added, retired, brought back, and moved from one home to another."""
