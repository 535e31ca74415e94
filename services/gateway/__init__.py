"""Gateway, the door.

Owns: who may enter, routes to the services, what callers have seen of their tickets.
Hears: nothing yet. Says: nothing yet.
"""
