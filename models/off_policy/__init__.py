"""What a policy would have earned, told from a log that another policy made."""
