"""A platform of another vendor, written from `docs/exchange.zh-CN.md` alone.

It imports nothing of ours: what it had to know stands in the specification.
"""
