"""What the pack says to the caller's side: grounds of refusal (A3), merged hotlines (A16)."""
