"""The clock asks, the owner of the act answers; only then may anything be said to be overdue."""
