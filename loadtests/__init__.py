"""Load, measured so that the figures can be trusted: ratios in one run, latency from an open loop."""
