"""Fairness, measured and controlled: who is shown for what they earn, and who is served how well."""
