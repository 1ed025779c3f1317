"""From a dataset to a registered model version."""
