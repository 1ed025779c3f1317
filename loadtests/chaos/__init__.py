"""Bad days: real servers under an open loop while something under them breaks. `python -m loadtests.chaos`."""
