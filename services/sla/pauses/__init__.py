"""Pauses: the handling clock stops on a ground that the pack names, and on no other (C7)."""
