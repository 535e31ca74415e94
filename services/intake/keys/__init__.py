"""Data keys: what seals callers' identities, itself wrapped by the master key (F6, F9)."""
