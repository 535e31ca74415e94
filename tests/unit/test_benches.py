"""The benches can be started: they call the services by the names that these have today."""

import importlib


def test_every_bench_is_found() -> None:
    benches = importlib.import_module("bench.__main__")
    assert benches.BENCHES
