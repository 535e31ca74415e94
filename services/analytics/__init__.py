"""Analytics: the figures.

Owns the store of all events (figures only, no words), one fact for each ticket, and the rollup of
facts by place, unit, state, type and day. Hears every event that names analytics. Says nothing yet:
finding.raised waits for the rules of supervision.
"""
