"""The edit loop on a Step Functions that tells prepared stories, and on moto's S3."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, ConnectionClosedError
from moto import mock_aws
from rich.console import Console

from cli.dev.display import Display
from cli.dev.loop import edit_loop
from cli.dev.round import QUICK_WAIT, SMOKE_TEST, Round
from cli.dev.source import Source
from cli.dev.watcher import Saved
from cli.inputs import validate
from cli.streams import Streams
from cli.target.target import Target
from lifecycle.stages import STAGES

BUCKET = "artifacts"
ARN = "arn:aws:states:us-east-1:000000000000:execution:machine:name"
Tell = Callable[[Any], None]


class Place:
    """Stands in for `cli.target.deployed.Deployed`."""

    def client(self, service: str) -> Any:
        return boto3.client(service, region_name="us-east-1")

    def output(self, name: str) -> str:
        assert name == "ArtifactBucketName"
        return BUCKET


class Saves:
    """What the user does: each step edits a folder and returns the names; at the end Ctrl-C."""

    def __init__(self, *steps: Callable[[], tuple[str, ...]]) -> None:
        self.steps = list(steps)

    def wait(self, seconds: float | None = None) -> Saved | None:
        assert seconds is None
        if not self.steps:
            raise KeyboardInterrupt
        return Saved(self.steps.pop(0)(), 0.0)


class World:
    """A folder, the stories that the executions tell one after the other, and what was printed."""

    def __init__(self, folder: Path, make: Callable[[], Any], serve: Callable[[Any], Any]) -> None:
        self.folder, self._make, self._serve = folder, make, serve
        self.stories: list[Any] = []
        self.inputs: list[dict[str, Any]] = []
        self.text = io.StringIO()
        self._told: dict[str, Any] = {}

    def tells(self, tell: Tell) -> None:
        """Let the next execution tell this."""
        story = self._make()
        tell(story)
        self.stories.append(story)

    def write(self, name: str, text: str) -> Callable[[], tuple[str, ...]]:
        def step() -> tuple[str, ...]:
            (self.folder / name).write_text(text)
            return (name,)

        return step

    def start_execution(self, **arguments: Any) -> dict[str, Any]:
        self.inputs.append(json.loads(arguments["input"]))
        arn = f"{ARN}-{len(self.inputs)}"
        self._told[arn] = self._serve(self.stories.pop(0))
        return {"executionArn": arn}

    def get_execution_history(self, **arguments: Any) -> Any:
        return self._told[arguments["executionArn"]].get_execution_history(**arguments)

    def describe_execution(self, **arguments: Any) -> Any:
        raise AssertionError("every story has an end")

    def run(self, *steps: Callable[[], tuple[str, ...]], as_json: bool = False) -> str:
        """Run the loop until Ctrl-C, and return what it printed."""
        console = Console(file=self.text, width=200)
        streams = Streams(result=console, progress=Console(file=io.StringIO()), errors=console)
        if not as_json:
            streams = Streams(result=console, progress=console, errors=console)
        shown = Display(streams, as_json=as_json)
        source = Source(self.folder, Place(), "dev", "container")  # type: ignore[arg-type]
        value = {"environment": "dev", "artifact": {"source": source.location}}
        target = Target("a fake", self, "arn:machine")  # type: ignore[arg-type]
        rounds = Round(target, source, value, streams.progress, shown.answered)
        with pytest.raises(KeyboardInterrupt):
            edit_loop(rounds, Saves(*steps), shown)
        return self.text.getvalue()


@pytest.fixture
def world(
    tmp_path: Path, story: Any, serve: Callable[[Any], Any], monkeypatch: pytest.MonkeyPatch
) -> Iterator[World]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    (tmp_path / "main.py").write_text("print('one')\n")
    (tmp_path / "Dockerfile").write_text("FROM python\n")
    with mock_aws():
        boto3.client("s3", region_name="us-east-1").create_bucket(Bucket=BUCKET)
        yield World(tmp_path, type(story), serve)


def answers(text: str, version: int) -> Tell:
    def tell(story: Any) -> None:
        story.task("Publish the artifact", 1.5)
        story.task(SMOKE_TEST, 2.0, {"Payload": {"smokeTest": {"passed": True, "answer": text}}})
        story.task("Promote the version", 0.5)
        story.succeed({"promotion": {"version": str(version)}})

    return tell


def test_what_aws_refuses_ends_the_round_and_not_the_loop(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.tells(answers("晴れ", 1))
    refused = ClientError({"Error": {"Code": "SlowDown", "Message": "later"}}, "PutObject")
    cut = ConnectionClosedError(endpoint_url="http://localhost:1")
    errors: list[Exception] = [refused, cut]
    begin = world.start_execution

    def start_execution(**arguments: Any) -> dict[str, Any]:
        if errors:
            raise errors.pop(0)
        return begin(**arguments)

    monkeypatch.setattr(world, "start_execution", start_execution)
    text = world.run(world.write("main.py", "print('two')\n"), lambda: ("main.py",))
    assert text.index("later") < text.index("Connection was closed") < text.index("晴れ")


def test_an_execution_that_cannot_be_followed_is_named(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.tells(answers("晴れ", 1))
    lost = ConnectionClosedError(endpoint_url="http://localhost:1")

    def get_execution_history(**_arguments: Any) -> Any:
        raise lost

    monkeypatch.setattr(world, "get_execution_history", get_execution_history)
    assert "the execution may still run: name-1" in world.run()


def test_the_answer_is_in_a_state_of_the_definition() -> None:
    assert SMOKE_TEST in {stage.state for stage in STAGES}


def test_each_save_is_provisioned_and_its_answer_shown(world: World) -> None:
    world.tells(answers("晴れ", 1))
    world.tells(answers("雨", 2))
    text = world.run(world.write("main.py", "print('two')\n"))
    given = {
        "environment": "dev",
        "artifact": {"source": {"bucket": BUCKET, "key": "sources/dev-dev.zip"}},
    }
    assert world.inputs == [given, {**given, "wait": QUICK_WAIT}]
    validate(world.inputs[1])
    for seen in ("晴れ", "main.py saved", "雨", "live serves version 2"):
        assert seen in text
        text = text.partition(seen)[2]
    stored = boto3.client("s3", region_name="us-east-1").get_object(
        Bucket=BUCKET, Key="sources/dev-dev.zip"
    )
    with zipfile.ZipFile(io.BytesIO(stored["Body"].read())) as archive:
        assert archive.read("main.py") == b"print('two')\n"


def test_the_phases_are_shown_with_their_seconds(world: World) -> None:
    world.tells(answers("晴れ", 1))
    lines = world.run().splitlines()
    assert [line for line in lines if line.startswith("✓")][:3] == [
        "✓ Publish the artifact          1.5 s",
        "✓ Run the smoke test            2.0 s",
        "✓ Promote the version           0.5 s",
    ]


def test_a_save_that_changes_nothing_starts_nothing(world: World) -> None:
    world.tells(answers("晴れ", 1))
    text = world.run(world.write("main.py", "print('one')\n"))
    assert len(world.inputs) == 1
    assert "The content is the same as before" in text


def test_a_syntax_error_is_shown_at_once_and_the_loop_goes_on(world: World) -> None:
    world.tells(answers("晴れ", 1))
    world.tells(answers("雨", 2))
    text = world.run(
        world.write("main.py", "print('two'\n"), world.write("main.py", "print('two')\n")
    )
    assert "✗ main.py, line 1: '(' was never closed: print('two'" in text
    assert len(world.inputs) == 2
    assert "雨" in text


def test_a_failed_round_shows_its_reason_and_the_loop_goes_on(world: World) -> None:
    world.tells(answers("晴れ", 1))
    reason = "the agent failed: ModuleNotFoundError: No module named 'requests'"

    def fails(story: Any) -> None:
        story.enter(SMOKE_TEST)
        story.breaks("SmokeTestError", reason)
        story.fail("SmokeTestError", reason)

    world.tells(fails)
    world.tells(answers("晴れ", 3))
    text = world.run(
        world.write("main.py", "import requests\n"),
        # The reason may lie elsewhere: the same content is tried again.
        world.write("main.py", "import requests\n"),
    )
    assert f"✗ SmokeTestError: {reason}" in text
    assert "The loop goes on: save again." in text
    assert "live serves version 3" in text


def test_a_file_that_must_not_be_deployed_is_named(world: World) -> None:
    world.tells(answers("晴れ", 1))
    text = world.run(world.write(".env", "TOKEN=x\n"))
    assert len(world.inputs) == 1
    assert ".env" in text.partition("✗")[2]
    assert "TOKEN" not in text


def test_json_has_one_object_for_each_answer_and_each_end(world: World) -> None:
    world.tells(answers("晴れ", 1))
    lines = [json.loads(line) for line in world.run(as_json=True).splitlines()]
    assert [line["event"] for line in lines] == ["answer", "end"]
    assert lines[0]["answer"] == "晴れ"
    assert lines[1]["succeeded"] is True
    assert lines[1]["version"] == "1"
    assert lines[1]["stages"]["Run the smoke test"] == 2.0
