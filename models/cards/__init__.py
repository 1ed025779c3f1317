"""Model cards: what a version is, how well it does and where it does not, as one document in three forms."""
