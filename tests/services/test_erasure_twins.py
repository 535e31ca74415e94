"""Erasing in JSON is written twice, in Python for events and in SQL for tables: both agree."""

from typing import Any

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.erasure import CODE, MARK, OBJECTS, WORDS, without_words
from shared.runtime import Runtime

IN_SQL = "SELECT without_words($1::jsonb, $2::text[], $3, $4)"
NAMES = st.sampled_from([*sorted(OBJECTS), "more", "contact", "visit", "unit"])
TEXTS = st.one_of(
    st.sampled_from(["028-26123456", "13912345678", "with_main", "YJ0201", "三栋", "三栋\n", ""]),
    st.text(alphabet="az09._-A \n", max_size=6),
)
SCALARS = st.one_of(TEXTS, TEXTS, TEXTS, st.none(), st.booleans(), st.integers(-9, 9))
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.dictionaries(NAMES, inner, min_size=1, max_size=4), st.lists(inner, max_size=3)
    ),
    max_leaves=20,
)
TOLD = st.dictionaries(NAMES, VALUES, min_size=2)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=TOLD)
async def test_the_twins_erase_the_same(frame: Runtime, value: Any) -> None:
    told = orjson.dumps(value).decode()
    made = await frame.database.pool.fetchval(IN_SQL, told, sorted(WORDS), CODE, MARK)
    assert orjson.loads(made) == without_words(value)
