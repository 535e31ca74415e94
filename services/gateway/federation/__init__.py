"""Federation: tickets that cross platforms, and who is told of what."""
