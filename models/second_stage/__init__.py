"""The second stage: gradient-boosted trees over a first stage's shortlist, in the moment of the request."""
