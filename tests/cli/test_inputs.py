"""What is accepted as input, and what is said about the rest."""

from __future__ import annotations

import io
import shlex
from pathlib import Path
from typing import Any

import pytest

from cli.errors import UsageError
from cli.inputs import override, read_input, validate


def test_without_a_source_every_default_holds() -> None:
    assert read_input(None) == {}
    validate({})


def test_a_file_and_standard_input(tmp_path: Path) -> None:
    file = tmp_path / "input.json"
    written = '\ufeff{"smokeTest": {"prompt": "今の天気は？"}}'.encode()
    file.write_bytes(written)
    expected = {"smokeTest": {"prompt": "今の天気は？"}}
    assert read_input(str(file)) == expected
    assert read_input("-", io.BytesIO(written)) == expected


def test_standard_input_that_is_not_utf_8_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    # As Python opens it in the C locale: what it cannot read it passes on.
    lenient = io.TextIOWrapper(io.BytesIO(b'{"a": "\xff"}'), "utf-8", "surrogateescape")
    monkeypatch.setattr("sys.stdin", lenient)
    with pytest.raises(UsageError, match="standard input: is not UTF-8 text"):
        read_input("-")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read: No such file"),
        (b"{", "is not JSON: .* in line 1, column 2"),
        (b"[]", "is JSON, but not a JSON object"),
        (b'"text"', "is JSON, but not a JSON object"),
        (b"\xff{}", "is not UTF-8"),
        (b"", "is not JSON"),
    ],
)
def test_what_is_no_input(tmp_path: Path, content: bytes | None, message: str) -> None:
    file = tmp_path / "input.json"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(UsageError, match=message) as caught:
        read_input(str(file))
    assert str(file) in str(caught.value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({}, {"environment": "b"}),
        ({"environment": "a", "action": "teardown"}, {"environment": "b", "action": "teardown"}),
        (
            {"detail-type": "Rebuild", "detail": {"environment": "a"}},
            {"detail-type": "Rebuild", "detail": {"environment": "b"}},
        ),
        ({"detail-type": "Rebuild", "detail": 3}, {"detail-type": "Rebuild", "detail": 3}),
    ],
)
def test_the_command_line_lies_over_the_input(
    value: dict[str, Any], expected: dict[str, Any]
) -> None:
    before = str(value)
    assert override(value, environment="b", teardown=None) == expected
    assert str(value) == before


def test_a_refused_input_names_the_error_and_the_field() -> None:
    with pytest.raises(UsageError, match=r"InvalidRequestError: wait\.timeoutSeconds: given -1"):
        validate({"wait": {"timeoutSeconds": -1}})


@pytest.mark.parametrize("in_envelope", [True, False])
@pytest.mark.parametrize(
    ("given", "options"),
    [
        ({"action": "verify"}, []),
        (
            {"action": "rebuild", "environments": ["a", "b"], "dryRun": True},
            ["--environment", "a", "--environment", "b", "--dry-run"],
        ),
        (
            {"action": "rebuild", "source": {"bucket": "b-1", "key": "it's a.zip"}},
            ["--source", "s3://b-1/it's a.zip"],
        ),
        (
            {"action": "sweep", "pattern": "shop-*", "removeOrphans": True, "maxConcurrency": 9},
            ["--pattern", "shop-*", "--max-concurrency", "9", "--remove-orphans"],
        ),
        ({"action": "sweep", "findOrphans": False}, ["--no-find-orphans"]),
    ],
)
def test_an_input_of_the_fleet_is_refused_with_the_command_that_takes_it(
    given: dict[str, Any], options: list[str], *, in_envelope: bool
) -> None:
    action = given["action"]
    value = {"detail-type": "Scheduled", "detail": given} if in_envelope else given
    with pytest.raises(UsageError, match=f"^action {action} is for the fleet's state machine") as e:
        validate(value, "--stack mine")
    _, line = str(e.value).splitlines()
    assert shlex.split(line) == ["lifecycle", "fleet", action, "--stack", "mine", *options]


def test_a_wrong_input_of_the_fleet_names_the_field_and_the_command() -> None:
    with pytest.raises(UsageError) as caught:
        validate({"action": "verify", "environment": "dev"})
    assert "`lifecycle fleet verify` starts" in str(caught.value)
    assert "its input is wrong: environment: " in str(caught.value)


@pytest.mark.parametrize("action", ["explode", 3, None, ["verify"]])
def test_an_action_of_no_state_machine_is_a_wrong_field(action: Any) -> None:
    with pytest.raises(UsageError, match=r"InvalidRequestError: action: given"):
        validate({"action": action})
