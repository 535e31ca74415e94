"""Ratings: 好差评 of five levels, by callers and for them, and its public figures (A12)."""
