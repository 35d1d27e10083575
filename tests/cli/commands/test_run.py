"""`lifecycle run` from its arguments to its exit status, on a fabricated execution."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cli import main as command
from cli.commands import run
from cli.perform import execution
from cli.report import content
from cli.target.denied import DeniedError
from cli.target.target import Target

ARN = "arn:aws:states:us-east-1:000000000000:execution:machine:name"
OUTPUT: dict[str, Any] = {
    "environment": "dev",
    "action": "provision",
    "runtime": {"arn": "arn:aws:bedrock-agentcore:::runtime/dev", "version": "1"},
    "smokeTest": {
        "checks": [
            {"name": "no token", "expected": "401 or 403", "seen": "401", "milliseconds": 12},
            {
                "name": "access token",
                "expected": "晴れ",
                "seen": "東京は晴れです",
                "milliseconds": 900,
            },
        ]
    },
    "timings": {"identity": 1.25},
    "teardown": {"dryRun": False, "removed": ["runtime dev"], "lookedFor": ["user pool dev"]},
}


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch, story: Any, serve: Any) -> Any:
    """A target whose executions all tell `place.story`; `place.lasting` says whether it stays."""
    fake = serve(story)
    fake.lasting, fake.stack = False, None

    @contextmanager
    def target(*_arguments: Any, **_keywords: Any) -> Iterator[Target]:
        fake.visible = len(story.events)
        place = Target("a fake", fake, "arn:machine", lasting=fake.lasting)
        stack: Any = fake.stack
        yield replace(place, options="--local --state-dir d", aws="here; aws", place=stack)

    monkeypatch.setattr(run, "local_target", target)
    return fake


def lifecycle(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr("sys.argv", ["lifecycle", *arguments])
    with pytest.raises(SystemExit) as ended:
        command.main()
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_success_shows_stages_and_tables(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], place: Any
) -> None:
    place.story.task("Prepare the request")
    place.story.succeed(OUTPUT)
    assert lifecycle(monkeypatch, "run", "--local") == 0
    out = capsys.readouterr().out
    for text in ("✓ Prepare the request", "no token", "401 or 403", "東京は晴れです", "900"):
        assert text in out
    for text in ("removed", "runtime dev", "looked for", "user pool dev", "identity", "1.2"):
        assert text in out


def test_facts_are_never_folded_and_say_what_changed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], place: Any
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    url = "https://bedrock-agentcore.us-east-1.amazonaws.com/runtimes/" + "x" * 200
    smoke_test = {**OUTPUT["smokeTest"], "endpoint": "live", "version": "3"}
    runtime = {"invocationUrl": url}
    story = {**OUTPUT, "runtime": runtime, "smokeTest": smoke_test, "change": "unchanged"}
    place.story.succeed({**story, "teardown": {"removed": [f"runtime {url}"]}})
    assert lifecycle(monkeypatch, "run", "--local") == 0
    lines = capsys.readouterr().out.splitlines()
    assert f"runtime.invocationUrl  {url}" in lines
    assert f"removed  runtime {url}" in lines
    assert "change                 unchanged" in lines
    assert "asked                  live on version 3" in lines


@pytest.mark.parametrize("lasting", [True, False])
def test_what_is_gone_with_its_local_aws_is_said(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    place: Any,
    *,
    lasting: bool,
) -> None:
    place.lasting = lasting
    place.story.succeed({**OUTPUT, "teardown": None})
    assert lifecycle(monkeypatch, "run", "--local", "--json") == 0
    out, err = capsys.readouterr()
    assert ("The local AWS of this run is gone with everything in it." in err) is not lasting
    assert json.loads(out)["environment"] == "dev"


def test_a_dry_run_ends_with_how_to_do_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], place: Any
) -> None:
    place.lasting = True
    plan = {"runtime": {"change": "update"}}
    place.story.task("Plan the provision")
    place.story.succeed({"environment": "dev", "action": "provision", "plan": plan})
    assert lifecycle(monkeypatch, "run", "--local") == 0
    out = capsys.readouterr().out
    assert "✓ Plan the provision" in out
    last = out.splitlines()[-1]
    assert last == (
        "Succeeded. Nothing was changed. To do what the plan says, run it again without dryRun."
    )


def test_json_is_alone_on_stdout(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], place: Any
) -> None:
    place.story.task("Prepare the request")
    place.story.succeed(OUTPUT)
    assert lifecycle(monkeypatch, "run", "--local", "--json") == 0
    out, err = capsys.readouterr()
    assert json.loads(out) == OUTPUT
    assert "✓ Prepare the request" in err


def test_failure_says_error_and_cause_on_stderr(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], place: Any
) -> None:
    failed = {**OUTPUT, "failure": {"error": "RuntimeFailedError", "cause": "no"}}
    place.story.task("Report the failure", result={"Payload": {"output": failed}})
    place.story.fail("RuntimeFailedError", "the service said [no]")
    assert lifecycle(monkeypatch, "run", "--local", "--json") == 1
    out, err = capsys.readouterr()
    assert json.loads(out) == failed
    assert "RuntimeFailedError: the service said [no]" in err


def test_the_execution_gets_the_input_with_the_overrides(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, place: Any
) -> None:
    place.story.succeed({})
    file = tmp_path / "input.json"
    file.write_text('{"environment": "a", "smokeTest": {"prompt": "天気"}}', encoding="utf-8")
    arguments = ("--input", str(file), "--environment", "b", "--teardown", "always")
    assert lifecycle(monkeypatch, "run", "--local", *arguments) == 0
    started = place.started[0]
    assert started["stateMachineArn"] == "arn:machine"
    assert json.loads(started["input"]) == {
        "environment": "b",
        "smokeTest": {"prompt": "天気"},
        "teardown": "always",
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--input", "nowhere.json"], "nowhere.json: cannot be read"),
        (["--environment", "Bad_Name"], "InvalidRequestError: environment"),
        (["--teardown", "sometimes"], "InvalidRequestError: teardown"),
        (["--local", "--stack", "s"], "use either --local or --stack, not both"),
        (["--stack", "s", "--keep"], "--keep and --state-dir are for the local AWS"),
        (["--stack", "s", "--parameter", "A=b"], "--keep and --state-dir are for the local AWS"),
        (["--stack", "s", "--state-dir", "d"], "--keep and --state-dir are for the local AWS"),
        (["--parameter", "RebuildEvents"], "--parameter RebuildEvents: give a name and a value"),
        (["--parameter", "=ENABLED"], "--parameter =ENABLED: give a name and a value"),
        (["--delay", "create"], "--delay create: give a name and seconds"),
        (["--delay", "create=-1"], "--delay create=-1: seconds must be 0 or more"),
        (["--unknown"], "--unknown"),
    ],
)
def test_bad_usage_and_input_start_nothing(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    place: Any,
    arguments: list[str],
    message: str,
) -> None:
    assert lifecycle(monkeypatch, "run", *arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err
    assert place.started == []


def test_the_machine_can_be_left_to_refuse(monkeypatch: pytest.MonkeyPatch, place: Any) -> None:
    place.story.fail("InvalidRequestError", "environment: …")
    arguments = ("--environment", "Bad_Name", "--no-validate")
    assert lifecycle(monkeypatch, "run", *arguments) == 1
    assert len(place.started) == 1


@pytest.mark.parametrize("lasting", [True, False])
def test_ctrl_c_stops_what_would_end_anyway_and_leaves_the_rest(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    place: Any,
    *,
    lasting: bool,
) -> None:
    def interrupted(*_arguments: Any, **_keywords: Any) -> None:
        raise KeyboardInterrupt

    place.lasting = lasting
    monkeypatch.setattr(execution, "follow", interrupted)
    assert lifecycle(monkeypatch, "run", "--environment", "mine") == 130
    err = capsys.readouterr().err
    # What is printed can be pasted, and hits what was started and nothing else.
    for command_line in (
        "lifecycle follow --local --state-dir d name",
        "lifecycle stop --local --state-dir d name",
        "lifecycle teardown --local --state-dir d mine",
    ):
        assert any(line.endswith(f" {command_line}") for line in err.splitlines()) is lasting
    assert place.stopped == ([] if lasting else [ARN])
    assert ("is gone with everything in it" in err) is not lasting


@pytest.mark.parametrize(
    ("lasting", "changes", "last"),
    [
        (
            True,
            {"teardown": None},
            "Succeeded. To ask dev a question: lifecycle ask --local --state-dir d dev '…'",
        ),
        (True, {}, "Succeeded."),
        (True, {"teardown": None, "action": "smokeTest"}, "Succeeded."),
        (
            False,
            {"teardown": None},
            "Succeeded. The local AWS of this run is gone with everything in it. "
            "To keep one running: lifecycle local up",
        ),
    ],
)
def test_the_last_line_is_the_result_and_the_next_step(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    place: Any,
    changes: dict[str, Any],
    last: str,
    *,
    lasting: bool,
) -> None:
    place.lasting = lasting
    place.story.succeed({**OUTPUT, **changes})
    assert lifecycle(monkeypatch, "run", "--local") == 0
    out, err = capsys.readouterr()
    assert (out.splitlines()[-1], err) == (last, "")


def test_after_a_failure_its_cause_is_the_last_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], place: Any
) -> None:
    place.story.fail("RuntimeFailedError", "no such role")
    assert lifecycle(monkeypatch, "run", "--local") == 1
    lines = capsys.readouterr().err.splitlines()
    assert lines[-1] == "RuntimeFailedError: no such role"
    assert "gone with everything in it" in lines[0]


@pytest.mark.parametrize(("fails", "status"), [(False, 0), (True, 1)])
def test_a_report_is_written_and_the_exit_status_stays(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    place: Any,
    *,
    fails: bool,
    status: int,
) -> None:
    place.stack = object()
    monkeypatch.setattr(
        content, "content", lambda stack, arn: {"of": arn, "is": str(stack is place.stack)}
    )
    if fails:
        place.story.fail("SmokeTestError", "silent")
    else:
        place.story.succeed(OUTPUT)
    file = tmp_path / "x.json"
    assert lifecycle(monkeypatch, "run", "--report", str(file)) == status
    assert json.loads(file.read_text()) == {"of": ARN, "is": "True"}

    for error in (
        DeniedError("states:DescribeExecution is denied"),
        ValueError("a record of another version"),
    ):

        def broken(*_arguments: Any, error: Exception = error) -> Any:
            raise error

        monkeypatch.setattr(content, "content", broken)
        assert lifecycle(monkeypatch, "run", "--report", str(file)) == status
        said = " ".join(capsys.readouterr().err.split())
        assert f"The report was not written: {error}" in said


def test_a_report_of_no_format_starts_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], place: Any
) -> None:
    assert lifecycle(monkeypatch, "run", "--report", "x.pdf") == 2
    assert "--report x.pdf: the file's name must end with" in capsys.readouterr().err
    assert place.started == []
