"""Policy packs: published, kept by content hash, never forgotten (C1)."""
