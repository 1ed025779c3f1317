"""The durable event log: what diners did, and what they were shown."""
