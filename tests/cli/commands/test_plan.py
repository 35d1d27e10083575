"""`lifecycle plan`: the input as a dry run, and what it leads to."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest

from cli.perform import place as places
from cli.target import deployed
from cli.target.stack import DescribedStack
from cli.target.target import Target

PLAN = {"environment": "dev", "action": "provision", "plan": {"runtime": {"change": "create"}}}


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, story: Any, serve: Any) -> Any:
    """The Step Functions of the local AWS that is running."""
    fake = serve(story)
    fake.stacks = []
    target = Target("a fake", fake, "arn:machine", options="--local")

    @contextmanager
    def local(*_arguments: Any, **_keywords: Any) -> Iterator[Target]:
        fake.visible = len(story.events)
        yield target

    monkeypatch.setattr(places, "local_target", local)
    found = DescribedStack(session=boto3.Session(), region="us-east-1", outputs={}, parameters={})
    monkeypatch.setattr(deployed, "describe_stack", lambda name: fake.stacks.append(name) or found)
    monkeypatch.setattr(places, "lifecycle_of", lambda _place: target)
    story.succeed(PLAN)
    fake.visible = len(story.events)
    return fake


@pytest.mark.parametrize(
    ("given", "options"),
    [
        ({}, ""),
        ({"environment": "dev", "smokeTest": {"prompt": "x"}}, " --input {file}"),
        ({"detail-type": "x", "detail": {"environment": "dev"}}, " --input {file}"),
    ],
)
def test_the_input_is_started_as_a_dry_run(
    machine: Any,
    call: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    given: dict[str, Any],
    options: str,
) -> None:
    file = tmp_path / "in put.json"
    file.write_text(json.dumps(given))
    words = ["--input", str(file)] if given else []
    assert call("plan", *words, "--environment", "shop") == 0
    (started,) = machine.started
    value = json.loads(started["input"])
    inner = value.get("detail", value)
    assert inner == given.get("detail", given) | {"environment": "shop", "dryRun": True}
    assert capsys.readouterr().out.splitlines()[-1] == (
        "Succeeded. Nothing was changed. To do it: lifecycle run --local"
        + options.format(file=f"'{file}'")
        + " --environment shop"
    )


def test_json_is_the_output_of_the_execution(
    machine: Any, call: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("plan", "--stack", "mine", "--json") == 0
    assert machine.stacks == ["mine"]
    assert json.loads(capsys.readouterr().out) == PLAN


@pytest.mark.parametrize(
    ("given", "words", "message"),
    [
        ({"action": "teardown"}, [], "action: given 'teardown', allowed: provision"),
        ({"action": "verify"}, [], "lifecycle fleet verify"),
        ({"wait": 3}, [], "InvalidRequestError: wait: given 3"),
        ({}, ["--stack", "s", "--local"], "use either --local or --stack, not both"),
        ({}, ["--stack", "s", "--state-dir", "d"], "--state-dir is for the local AWS"),
    ],
)
def test_what_cannot_be_planned_starts_nothing(
    machine: Any,
    call: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    given: dict[str, Any],
    words: list[str],
    message: str,
) -> None:
    file = tmp_path / "input.json"
    file.write_text(json.dumps(given))
    assert call("plan", "--input", str(file), *words) == 2
    assert message in capsys.readouterr().err
    assert machine.started == []
