"""Whether a request is in scope: a unit is asked before acceptance, within a time (ZY 9)."""
