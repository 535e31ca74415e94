"""Everything that happened to a ticket, in one order (B14)."""
