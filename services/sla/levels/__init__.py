"""Which level handles a ticket: its people see what of it is kept here (B12)."""
