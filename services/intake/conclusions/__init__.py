"""Conclusions: callers are told of what the hotline ended without a unit, and hand-overs kept."""
