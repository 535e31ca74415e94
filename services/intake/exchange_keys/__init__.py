"""Exchange keys: pairs by which another platform seals a caller's identity for us alone (F2)."""
