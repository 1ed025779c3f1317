"""Metrics, logs, and what is told about the system's state."""
