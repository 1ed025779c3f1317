"""Every seat's numbers with targets, trends and intervals, from the running system's tables or from a dataset."""
