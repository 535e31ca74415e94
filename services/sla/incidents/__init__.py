"""What supervision counts: who had a ticket when, and what went wrong there."""
