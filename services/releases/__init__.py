"""Model versions and which of them serves."""
