"""Emergencies: reported to the government of the place at once, and again by a person (A6)."""
