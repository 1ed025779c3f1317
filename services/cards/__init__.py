"""Model cards of the registered versions, and the page on how a market is ranked, from what runs."""
