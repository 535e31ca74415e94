"""The state machine as others look it up: states, acts, who may do what, and where it leads."""
