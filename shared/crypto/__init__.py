"""Cryptography behind one small provider: two suites of algorithms, chosen by a setting.

Everything that is sealed names the suite and the key that sealed it, so that a change of the
setting opens what was sealed before. A hardware module is one more `Provider` (docs/privacy.md).
"""
