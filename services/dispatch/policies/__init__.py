"""The policy packs that tickets were accepted under, kept by content hash."""
