"""Conclusions: what the hotline ends itself, without a unit: refused, answered, handed over."""
