"""A secret that an agent repeats is not shown, whatever the pieces that it comes in."""

from __future__ import annotations

import pytest

from cli.asking.hidden import Hidden

SECRET = 'Pa55-"w0rd'


@pytest.mark.parametrize("size", range(1, 30))
def test_a_secret_is_hidden_in_pieces(size: int) -> None:
    hidden = Hidden([SECRET, "token.of.mine"])
    text = f'Pa5 {SECRET} and "Pa55-\\"w0rd" and token.of.mine, token.of.m'
    pieces = [hidden.add(text[start : start + size]) for start in range(0, len(text), size)]
    said = "".join([*pieces, hidden.rest()])
    assert said == 'Pa5 (hidden) and "(hidden)" and (hidden), token.of.m'
    assert hidden(text) == said


def test_what_cannot_be_a_secret_is_shown_at_once() -> None:
    hidden = Hidden([SECRET])
    assert hidden.add("echo of ") == "echo of "
    assert hidden.add("P") == ""
    assert hidden.add("aris") == "Paris"
    assert hidden.rest() == ""
    assert Hidden([]).add("all") == "all"
