"""What people do to a ticket."""
