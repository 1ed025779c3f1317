"""Who is in a market: its restaurants and its diners."""
