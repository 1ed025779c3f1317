"""Diners of the synthetic city who meet the running system."""
