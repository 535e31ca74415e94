"""Letters that extensions carry on tickets of the coordination group (ZY 13.5)."""
