"""What other platforms report of their own tickets, apart from this platform's figures (E2)."""
