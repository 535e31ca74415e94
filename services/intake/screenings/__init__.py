"""Screenings: what dissatisfies has an objective cause, shown and decided by two (ZY 14.2)."""
