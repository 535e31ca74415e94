"""What the code promises to others, written down: events, problems, settings, metrics, routes."""
