"""Words and their Chinese names."""

from shared.events.chinese import CHINESE
from shared.events.words import CloseReason, OrderKind, Role, Satisfaction


def test_equal_strings_of_two_kinds_keep_their_own_names() -> None:
    assert OrderKind.COORDINATION.value == Role.COORDINATION
    assert (CHINESE[Role.COORDINATION], CHINESE[OrderKind.COORDINATION]) == (
        "会商协调小组",
        "专题协调",
    )
    assert CHINESE[Satisfaction.SATISFIED] == "满意"
    assert CHINESE[CloseReason.SATISFIED] == "诉求人满意"


def test_each_name_belongs_to_one_word() -> None:
    assert len(set(CHINESE)) < len(CHINESE), "some strings are equal"
    assert all(CHINESE[word] for word in CHINESE)
