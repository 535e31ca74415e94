"""People: their work numbers, what they are charged with, and the sessions they work in.

A person is one human being with one work number. An assignment is a role at a place, and perhaps a
unit and a seat; a session uses one at a time.
"""
