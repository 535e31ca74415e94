"""Who sees which ticket: its place, the place that handles it, its unit; never whom it is about."""
