"""More time for handling: a unit asks, the hotline office decides, the unit tells the caller."""
