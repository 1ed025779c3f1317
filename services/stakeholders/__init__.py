"""Seats at the table and the policies that they agree on."""
