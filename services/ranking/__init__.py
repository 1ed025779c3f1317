"""The request's path, pure functions over arrays: retrieve -> score -> calibrate -> explore -> top k. No I/O inside."""
