"""Returns (退单): asked by a unit, decided by the hotline, counted per unit."""
