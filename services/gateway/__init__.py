"""Gateway, the door.

Owns: people and who may enter, routes to the services, what callers have seen of their tickets,
feeds of units' systems, and the exchange with other platforms.
Hears: what other platforms or units' systems are told. Says: message.received, message.set_aside.
"""
