"""Fairness: how evenly restaurants are shown for what they earn, and how well groups of diners are served."""
