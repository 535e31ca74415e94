"""What is masked is known again, and what people are called is not taken for it (F6)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.intake import rules
from shared.masking import is_masked


@settings(max_examples=200)
@given(
    st.sampled_from((rules.mask_name, rules.mask_phone, rules.mask_address)),
    st.text(min_size=1, max_size=40),
)
def test_whatever_is_masked_is_known_as_masked(mask: object, value: str) -> None:
    assert callable(mask)
    assert is_masked(mask(value))


@pytest.mark.parametrize(
    "value",
    [
        *("张三", "欧阳某某", "买买提•吐尔逊", "Maxx", "13800001234", "+86 028-2611 0000"),
        *("26110000x12", "maxx1990@example.org", "wxid_12xx34", "建设路8号3-2-1", "xx"),
    ],
)
def test_what_people_are_called_is_not_taken_for_masked(value: str) -> None:
    assert not is_masked(value)


@pytest.mark.parametrize(
    "value", ["张*", "138xxxx1234", "138 XXXX", "〔手机号〕", "＊＊", "李●", "李••"]
)
def test_masks_of_other_systems_are_known_too(value: str) -> None:
    assert is_masked(value)
