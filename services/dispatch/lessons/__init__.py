"""Lessons: what a person decided otherwise than was suggested; the next model learns from it."""
