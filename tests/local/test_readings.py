"""The open questions: their table, their validation, and the tags that count late."""

from __future__ import annotations

import pytest

from local.emulator.late_tags import LATE_SECONDS, LateTags
from local.readings import READINGS, ReadingError, Readings

POOL = "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_a"


def test_every_question_has_two_answers_or_more() -> None:
    assert len({reading.name for reading in READINGS}) == len(READINGS)
    for reading in READINGS:
        assert len(set(reading.values)) == len(reading.values) >= 2
        assert Readings()[reading.name] == reading.default


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ({"no-such": "x"}, "region-variables"),
        ({"get-form": "x"}, "filled, echoed, normalised"),
    ],
)
def test_what_there_is_not_is_refused_and_changes_nothing(
    chosen: dict[str, str], said: str
) -> None:
    readings = Readings()
    with pytest.raises(ReadingError, match=said):
        readings.change({"slow-start": "424", **chosen})
    assert readings.as_dict() == Readings().as_dict()


def test_late_tags_count_some_seconds_after_they_were_first_asked_for() -> None:
    now, readings = 100.0, Readings()
    tags = LateTags(lambda arn: {"team": "a"} if arn == POOL else {}, readings, lambda: now)
    assert tags(POOL) == {"team": "a"}
    readings.change({"tags-visible": "late"})
    assert tags(POOL) == {}
    now += LATE_SECONDS - 0.1
    assert tags(POOL) == {}
    now += 0.1
    assert tags(POOL) == {"team": "a"}
    assert tags("arn:aws:secretsmanager:us-east-1:123456789012:secret:x") == {}
