"""Results that their units publish, without personal data, read by a second person (A14, ZY 13)."""
