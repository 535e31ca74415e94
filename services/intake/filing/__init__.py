"""Filing, the hot path: from a request that has the right form to a ticket."""
