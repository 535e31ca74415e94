"""Letters, signed and sealed, that go with papers of the coordination group (ZY 13.5)."""
