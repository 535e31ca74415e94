"""What units' and subcenters' own systems read: one table, three transports (B10, B11)."""
