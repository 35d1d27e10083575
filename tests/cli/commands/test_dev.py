"""What `lifecycle dev` refuses before anything starts, and the input that it makes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cli.commands import dev
from cli.errors import UsageError


def made(tmp_path: Path, value: dict[str, Any], **given: str | None) -> dict[str, Any]:
    file = tmp_path / "input.json"
    file.write_text(json.dumps(value))
    return dev._input(str(file), given.get("environment"), given.get("prompt"))


def test_options_count_more_than_the_input(tmp_path: Path) -> None:
    given = {
        "environment": "shop",
        "auth": {"type": "iam"},
        "smokeTest": {"prompt": "old", "expect": "."},
    }
    assert made(tmp_path, given, environment="mine", prompt="12 + 30 は？") == {
        "environment": "mine",
        "auth": {"type": "iam"},
        "artifact": {},
        "smokeTest": {"prompt": "12 + 30 は？", "expect": "."},
    }
    assert made(tmp_path, {}) == {"environment": "dev", "artifact": {}}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"action": "teardown"}, "dev provisions; given: action teardown"),
        ({"artifact": {"containerUri": "x"}}, "remove artifact.containerUri"),
        ({"artifact": {"source": {"bucket": "b", "key": "k"}}}, "remove artifact.source"),
        ({"detail": {"environment": "dev"}}, "detail: unknown field"),
        ({"artifact": 3}, "artifact"),
        ({"environment": "Not a name"}, "environment"),
        ({"smokeTest": {"prompt": ""}}, "smokeTest.prompt"),
    ],
)
def test_what_no_round_could_use_is_refused(
    tmp_path: Path, value: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        made(tmp_path, value)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nowhere: there is no such folder"):
        dev.dev(tmp_path / "nowhere")
