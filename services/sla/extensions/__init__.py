"""More time for handling: a unit asks and tells the caller, the hotline office decides."""
