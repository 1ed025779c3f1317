"""Error analysis beyond aggregates: where a model fails, and where one version fails more than another."""
