"""What the world looks like: table schemas, importers, the synthetic city, the diner's choice model, splits."""
