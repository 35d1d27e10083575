"""`lifecycle executions`, `history`, `follow` and `stop`."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from cli.perform import execution, listing
from cli.target.denied import DeniedError
from tests.cli.commands.conftest import FLEET, STARTED, plain
from tests.cli.commands.test_environments import assert_no_word_is_cut, commands_in

Call = Callable[..., int]
Capture = pytest.CaptureFixture[str]

ENDED = {"status": "SUCCEEDED", "stopDate": STARTED + timedelta(seconds=40), "output": "{}"}


def test_executions_are_listed_the_newest_first(place: Any, call: Call, capsys: Capture) -> None:
    place.machines.add("one", **ENDED)
    place.machines.add("two", '{"environment": "shop", "action": "teardown"}', status="FAILED")
    place.machines.add("three", '{"detail-type": "x", "detail": {"environment": "shop"}}')
    place.machines.add("other", machine=FLEET)
    assert call("executions", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["more"] is False
    assert [(one["name"], one["environment"], one["action"]) for one in told["executions"]] == [
        ("three", "shop", "provision"),
        ("two", "shop", "teardown"),
        ("one", "dev", "provision"),
    ]
    assert call("executions", "shop") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1:3]] == ["three", "two"]
    assert lines[-1] == ("2 executions of shop. To see one: lifecycle history --stack mine three")
    assert call("executions", "--limit", "1", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (len(told["executions"]), told["more"]) == (1, True)
    assert call("executions", "nobody") == 0
    assert "There is no execution of nobody in stack mine" in capsys.readouterr().out


def test_a_search_for_an_environment_ends(
    place: Any, call: Call, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "LOOKED_AT", 3)
    place.machines.add("old", '{"environment": "shop"}')
    for number in range(3):
        place.machines.add(f"n{number}")
    assert call("executions", "shop", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"executions": [], "more": True}


@pytest.mark.parametrize("columns", [80, 40])
@pytest.mark.parametrize("words", [["executions"], ["history", "cli-20261123-020000-4f2a9c"]])
def test_on_a_terminal_no_word_is_cut(
    place: Any,
    call: Call,
    capsys: Capture,
    terminal: Callable[[int], None],
    columns: int,
    words: list[str],
) -> None:
    terminal(columns)
    place.machines.add(
        "cli-20261123-020000-4f2a9c", '{"environment": "a-very-long-environment"}', **ENDED
    )
    place.machines.story.task("Prepare the request")
    place.machines.story.succeed({})
    assert call(*words) == 0
    out = plain(capsys.readouterr().out)
    assert_no_word_is_cut(out, columns)
    assert commands_in(out)[-1][:5] == [
        "lifecycle",
        "history",
        "--stack",
        "mine",
        "cli-20261123-020000-4f2a9c",
    ]


def test_the_history_of_what_failed_has_stages_checks_and_the_cause(
    place: Any, call: Call, capsys: Capture
) -> None:
    story = place.machines.story
    checks = [{"name": "no token", "expected": "401", "seen": "200", "passed": False}]
    output = {"smokeTest": {"checks": checks}}
    story.task("Prepare the request", seconds=2)
    story.task("Report the failure", result={"output": output})
    story.fail("SmokeTestError", "let through")
    arn = place.machines.add("one", status="FAILED", error="SmokeTestError", cause="let through")
    for given in ("one", arn):
        assert call("history", given) == 0
        out = capsys.readouterr().out
        for text in ("status       FAILED", "✓ Prepare the request           2.0 s", "no token"):
            assert text in out
        assert out.splitlines()[-1] == "SmokeTestError: let through"
    assert call("history", "one", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["execution"], told["status"], told["environment"]) == (arn, "FAILED", "dev")
    assert told["failure"] == {"error": "SmokeTestError", "cause": "let through"}
    assert told["output"] == output
    assert [(one["state"], one["outcome"]) for one in told["stages"]] == [
        ("Prepare the request", "done"),
        ("Report the failure", "done"),
    ]


def test_the_history_of_what_runs_leads_to_follow(place: Any, call: Call, capsys: Capture) -> None:
    place.machines.add("a b")
    place.machines.story.enter("Publish the artifact")
    place.machines.story.add("TaskScheduled", resource="invoke")
    assert call("history", "a b") == 0
    out = capsys.readouterr().out
    assert "… Publish the artifact" in out
    assert out.splitlines()[-1] == (
        "It still runs. To follow it: lifecycle follow --stack mine 'a b'"
    )
    assert call("history", "a b", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["endedAt"], told["output"], told["stages"][0]["outcome"]) == (
        None,
        None,
        "running",
    )


def test_follow_ends_as_run_does(place: Any, call: Call, capsys: Capture) -> None:
    place.machines.add("one")
    place.machines.story.task("Prepare the request")
    place.machines.story.succeed({"environment": "dev", "action": "provision"})
    assert call("follow", "one") == 0
    out = capsys.readouterr().out
    assert "✓ Prepare the request" in out
    assert out.splitlines()[-1] == (
        "Succeeded. To ask dev a question: lifecycle ask --stack mine dev '…'"
    )
    assert call("follow", "one", "--json") == 0
    assert json.loads(capsys.readouterr().out)["action"] == "provision"


def test_follow_of_a_fleet_that_failed_has_its_cause(
    place: Any, call: Call, capsys: Capture
) -> None:
    place.machines.add("all", '{"action": "verify"}', machine=FLEET)
    place.machines.story.fail("FleetError", "verify: 1 of 2 environments failed")
    assert call("follow", "all") == 1
    err = capsys.readouterr().err
    assert err.splitlines()[-1] == "FleetError: verify: 1 of 2 environments failed"


def test_ctrl_c_leaves_it_running(
    place: Any, call: Call, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_arguments: Any, **_keywords: Any) -> None:
        raise KeyboardInterrupt

    place.machines.add("one", '{"environment": "shop"}')
    monkeypatch.setattr(execution, "follow", interrupted)
    assert call("follow", "one") == 130
    assert [command[1:] for command in commands_in(capsys.readouterr().err)] == [
        ["follow", "--stack", "mine", "one"],
        ["stop", "--stack", "mine", "one"],
        ["teardown", "--stack", "mine", "shop"],
    ]
    assert place.machines.stopped == []


def test_stop_says_what_is_left(place: Any, call: Call, capsys: Capture) -> None:
    arn = place.machines.add("one", '{"environment": "shop"}')
    assert call("stop", "one") == 0
    out = capsys.readouterr().out
    assert place.machines.stopped == [arn]
    assert "takes its lock over" in out
    assert out.endswith("lifecycle teardown --stack mine shop\n")
    assert call("stop", "one", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told == {"execution": arn, "stopped": False, "status": "ABORTED"}
    fleet = place.machines.add("all", machine=FLEET)
    assert call("stop", "all") == 0
    assert "Executions that it has started may still run." in capsys.readouterr().out
    assert place.machines.stopped == [arn, fleet]


@pytest.mark.parametrize("named", ["dev; touch x", 5, ["dev"]])
def test_an_input_without_a_valid_environment_is_of_none(
    place: Any, call: Call, capsys: Capture, named: Any
) -> None:
    place.machines.add("one", json.dumps({"environment": named}))
    assert call("executions", "--json") == 0
    assert json.loads(capsys.readouterr().out)["executions"][0]["environment"] is None
    assert call("executions") == 0
    assert "None" not in capsys.readouterr().out
    assert call("history", "one", "--json") == 0
    assert json.loads(capsys.readouterr().out)["environment"] is None
    assert call("stop", "one") == 0
    out = capsys.readouterr().out
    assert "Stopped. Its input has no valid name of an environment." in out
    assert "teardown" not in out


@pytest.mark.parametrize("words", [["history"], ["follow"], ["stop"]])
@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("nobody", "there is no execution nobody in stack mine in us-east-1"),
        ("arn:aws:states:us-east-1:1:execution:other:x", "is not an execution of stack mine"),
        ("arn:aws:states:us-east-1:123456789012:execution:lifecycle:x", "there is no execution"),
    ],
)
def test_an_execution_that_there_is_not(
    place: Any, call: Call, capsys: Capture, words: list[str], given: str, message: str
) -> None:
    assert call(*words, given) == 2
    assert message in capsys.readouterr().err
    assert place.machines.stopped == []


def test_who_may_not_see_the_fleet_still_reads_that_there_is_no_such_execution(
    place: Any, call: Call, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = place.machines.describe_execution

    def describe(**arguments: Any) -> Any:
        if ":execution:fleet:" in arguments["executionArn"]:
            raise DeniedError("AWS denies states:DescribeExecution to your credentials: no")
        return seen(**arguments)

    monkeypatch.setattr(place.machines, "describe_execution", describe)
    assert call("history", "nobody") == 2
    assert "there is no execution nobody" in capsys.readouterr().err
    monkeypatch.setattr(place.machines, "describe_execution", refuse)
    assert call("history", "nobody") == 1
    assert "AWS denies states:DescribeExecution" in capsys.readouterr().err


def refuse(**_arguments: Any) -> None:
    raise DeniedError("AWS denies states:DescribeExecution to your credentials: no")
