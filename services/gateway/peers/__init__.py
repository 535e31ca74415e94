"""Other platforms and subcenters, their keys and ours, and what they sign (F5)."""
