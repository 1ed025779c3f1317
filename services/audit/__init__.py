"""The record of each use of a lever."""
