"""What intake filed, taken in as work orders."""
