"""Calls and tickets scored by somebody else than their agent, on a versioned form (A18)."""
