"""Several platforms as separate processes, joined by a network that fails."""
