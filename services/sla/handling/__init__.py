"""The handling of one ticket under the hand of a person: locked, moved, and said."""
