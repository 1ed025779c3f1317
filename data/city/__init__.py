"""The synthetic city: its people, its restaurants, the diners' choices, and the log that an exploring policy leaves."""
