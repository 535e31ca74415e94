"""How units are reached, in working hours and at night (B13, B15)."""
