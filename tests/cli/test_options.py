"""The options for the local AWS: readings are checked before anything starts."""

from __future__ import annotations

import pytest

from cli.errors import UsageError
from cli.options import parse_readings


def test_readings_are_parsed() -> None:
    assert parse_readings(None) == {}
    assert parse_readings(["slow-start=424", "get-form=echoed"]) == {
        "slow-start": "424",
        "get-form": "echoed",
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [("slow-start", "504, 424"), ("slow-start=500", "504, 424"), ("no-such=1", "tags-visible")],
)
def test_an_unknown_reading_is_refused_with_what_is_allowed(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        parse_readings([text])
