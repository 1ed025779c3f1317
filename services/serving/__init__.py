"""The request's path with its I/O: market snapshots, the diner's state, the answer, the served record."""
