"""Experiments: who gets which policy, and what the difference was. Pure functions over arrays."""
