"""Money's place in a list: which slots are sold, to whom, and for how much. Pure functions over arrays."""
