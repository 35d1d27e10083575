"""What a page shows of an execution's data."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cli.console.redaction import HIDDEN, MOST_CHARACTERS, redacted, shown
from lifecycle.request.inputs import PRIVATE_FIELDS

SECRET = "only-for-the-agent"


@pytest.mark.parametrize("field", sorted(PRIVATE_FIELDS))
@pytest.mark.parametrize("value", [SECRET, {"KEY": SECRET}, [SECRET], [[{"a": SECRET}]]])
def test_confidential_fields_are_hidden_wherever_they_are(field: str, value: Any) -> None:
    given = {"request": {"runtime": {field: value}, "list": [{field: value}], "other": "stays"}}
    for one in (given, {"Cause": json.dumps(given)}, [json.dumps({"Cause": json.dumps(given)})]):
        told = shown(json.dumps(one))
        assert SECRET not in told
        assert HIDDEN in told
        assert "stays" in told


def test_what_is_not_given_reads_so() -> None:
    assert redacted({"prompt": None, "environmentVariables": {}}) == {
        "prompt": None,
        "environmentVariables": {},
    }


@pytest.mark.parametrize(
    "text",
    [
        f"no JSON {SECRET}",
        f'{{"prompt": "{SECRET}',
        json.dumps({"cut": f'{{"environmentVariables": {{"KEY": "{SECRET}'}),
        "[" * 10_000 + f'"{SECRET}"' + "]" * 10_000,
        json.dumps({"a": {"b": {"prompt": SECRET}}}).replace(SECRET, "\\u006fnly-for-the-agent"),
    ],
)
def test_what_cannot_be_read_is_not_shown(text: str) -> None:
    assert SECRET not in shown(text)


def test_a_long_value_is_cut() -> None:
    told = shown(json.dumps({"text": "x" * 300_000}))
    assert len(told) == MOST_CHARACTERS + 2
    assert told.endswith("\n…")
    assert shown(None) == shown("") == ""
