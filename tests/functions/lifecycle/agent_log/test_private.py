"""What a request has of its caller's own is not shown of an agent's log."""

from __future__ import annotations

import json

import pytest

from lifecycle.agent_log.private import private_texts, without_private
from lifecycle.request.model import parse_request


def test_the_private_texts_of_a_request() -> None:
    request = parse_request(
        {
            "runtime": {"environmentVariables": {"KEY": "v4lue", "DEBUG": "on"}},
            "smokeTest": {
                "prompt": "where is my order",
                "cases": [
                    {"prompt": "who am I", "expect": "x"},
                    {"payload": {"a": [{"name": "Ada L"}, 12345], "is": "no"}, "expect": "x"},
                ],
            },
        }
    )
    assert private_texts(request) == ["v4lue", "where is my order", "who am I", "Ada L"]


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("asked: 今の天気は？", "asked: (hidden)"),
        (json.dumps({"prompt": "今の天気は？"}), '{"prompt": "(hidden)"}'),
        (repr({"prompt": 'say "hi"\nto all'}), "{'prompt': '(hidden)'}"),
        (json.dumps(['say "hi"\nto all']), '["(hidden)"]'),
        ("to all", "(hidden)"),
        ("KeyError: 'TABLE'", "KeyError: 'TABLE'"),
    ],
)
def test_it_is_hidden_in_each_form_that_a_log_has_it_in(line: str, shown: str) -> None:
    assert without_private(line, ["今の天気は？", 'say "hi"\nto all']) == shown
