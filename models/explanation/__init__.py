"""A score taken apart exactly: what each feature of a diner, a restaurant and a moment adds to it."""
