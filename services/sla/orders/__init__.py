"""Orders: the documents of the supervision ladder, from reminder to accountability."""
