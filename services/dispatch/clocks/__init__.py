"""Which deadlines of a ticket run, as answers show them; sla keeps the clock itself."""
