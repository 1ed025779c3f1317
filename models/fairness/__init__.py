"""Fairness: measured and controlled."""
