"""The operators' queue: what waits for dispatch, emergencies first (A6, ZY 13.4, XS 三(四))."""
