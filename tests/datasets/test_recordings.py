import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skxent.datasets._recordings import parse_name


@given(
    st.integers(0, 9),
    st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1),
    st.integers(0, 10**6),
    st.sampled_from(["wav", "flac"]),
)
def test_parse_name_inverts_the_naming(digit, speaker, index, suffix):
    assert parse_name(f"{digit}_{speaker}_{index}.{suffix}") == (digit, speaker, index)


@pytest.mark.parametrize(
    "name", ["10_anna_1.wav", "1_anna.wav", "1_an_na_1.wav", "1_anna_1.mp3", "1_anna_1.wav\n", ""]
)
def test_parse_name_refuses_another_form(name):
    with pytest.raises(ValueError, match=re.escape(repr(name))):
        parse_name(name)
