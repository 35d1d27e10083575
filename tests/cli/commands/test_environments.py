"""`lifecycle list`, `show`, `rollback` and `teardown` from their arguments to what a person and a program read."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from typing import Any

import boto3
import pytest

from cli.target.denied import DeniedError
from lifecycle.doors.section import GatewayRecord
from tests.cli.commands.conftest import MACHINE, TABLE, plain
from tests.cli.commands.records import CONFIDENTIAL, failed, locked, ready

Call = Callable[..., int]
Capture = pytest.CaptureFixture[str]


def assert_no_word_is_cut(out: str, columns: int) -> None:
    """Lines fit, unless one is a single word (and what continues a command)."""
    for line in out.splitlines():
        assert len(line) <= columns or len(line.removesuffix(" \\").split()) == 1, line


def commands_in(out: str) -> list[list[str]]:
    """The words of each command that is proposed, as a shell reads them."""
    joined = re.sub(r" \\\n +", " ", out)
    found = re.findall(r"(?:^  |: )((?:lifecycle|echo) .*)$", joined, re.MULTILINE)
    return [shlex.split(line) for line in found]


def test_a_stack_without_environments_says_how_to_make_one(
    place: Any, call: Call, capsys: Capture
) -> None:
    assert call("list") == 0
    assert capsys.readouterr().out.endswith("To provision one: lifecycle run --stack mine\n")
    assert call("list", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"environments": []}


def test_the_list_has_every_environment_and_leads_to_what_failed(
    place: Any, call: Call, capsys: Capture
) -> None:
    for record in (locked("shop"), failed("bad"), ready("dev")):
        place.put(record)
    # Items of the table that are no environments.
    for key in ("dev#promotion#1", "#durations"):
        boto3.client("dynamodb").put_item(TableName=TABLE, Item={"environment": {"S": key}})
    assert call("list") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split("  ")[0] == "environment"
    assert [line.split()[:2] for line in lines[1:4]] == [
        ["bad", "FAILED"],
        ["dev", "READY"],
        ["shop", "PROVISIONING"],
    ]
    assert "version 1 failed" in lines[1]
    assert "version 2 passed" in lines[2]
    assert re.search(r"cli-works +in \d+ d", lines[3])
    assert lines[-1] == "3 environments, 1 FAILED. To see why: lifecycle show --stack mine bad"
    assert call("list", "--json") == 0
    found = json.loads(capsys.readouterr().out)["environments"]
    assert [one["environment"] for one in found] == ["bad", "dev", "shop"]
    assert found[0]["smokeTest"] == {"version": "1", "passed": False}
    assert found[1]["liveVersion"] == "2"
    assert found[2]["expiresAt"] == "2096-10-02T07:06:40Z"
    assert found[2]["lockedBy"].endswith(":execution:lifecycle:cli-works")


def test_a_table_of_many_pages_is_read_to_its_end(place: Any, call: Call, capsys: Capture) -> None:
    # DynamoDB ends a page at 1 MB.
    for number in range(5):
        record = ready(f"e{number}")
        place.put(record.model_copy(update={"request": {"x": "y" * 300_000}}))
    assert call("list", "--json") == 0
    assert len(json.loads(capsys.readouterr().out)["environments"]) == 5


@pytest.mark.parametrize("columns", [80, 40])
@pytest.mark.parametrize("words", [["list"], ["show", "a-very-long-name"]])
def test_on_a_terminal_no_word_is_cut_and_each_command_can_be_pasted(
    place: Any,
    call: Call,
    capsys: Capture,
    terminal: Callable[[int], None],
    columns: int,
    words: list[str],
) -> None:
    terminal(columns)
    place.put(locked("a-very-long-name"))
    place.put(failed("shop"))
    assert call(*words) == 0
    out = plain(capsys.readouterr().out)
    assert_no_word_is_cut(out, columns)
    found = commands_in(out)
    assert found
    for command in found:
        assert "--stack" in command
        assert "\\" not in command
    last = {"list": ["show", "--stack", "mine", "shop"]}
    expected = last.get(words[0], ["follow", "--stack", "mine", "cli-works"])
    assert found[-1] == ["lifecycle", *expected]


def test_an_environment_is_shown_in_words_and_without_secrets(
    place: Any, call: Call, capsys: Capture
) -> None:
    place.put(ready())
    assert call("show", "dev") == 0
    out = capsys.readouterr().out
    for fact in (
        "live         version 2, since 2026-11-22 02:00 UTC",
        "URL          https://bedrock-agentcore.us-east-1.amazonaws.com/runtimes/arn%3Aaws",
        "sign-in      Amazon Cognito, as a user with a password",
        "secret       arn:aws:secretsmanager:us-east-1:1:secret:stack/dev/p-1",
        "digest       sha256:abc",
        "lock         none",
        "expires      never",
        "smoke test   version 2 passed",
    ):
        assert fact in out
    assert CONFIDENTIAL not in out
    assert "Last failure" not in out
    # Of this runtime alone, the newest first.
    table = out.partition("Last promotions\n")[2].splitlines()
    assert [line.split()[0] for line in table[1:3]] == ["2", "1"]
    assert "live" in table[1]
    assert table[3] == ""
    assert ["lifecycle", "rollback", "--stack", "mine", "dev"] in commands_in(out)
    assert call("show", "dev", "--json") == 0
    text = capsys.readouterr().out
    found = json.loads(text)
    assert CONFIDENTIAL not in text
    assert found["artifact"]["digest"] == "sha256:abc"
    assert [one["version"] for one in found["promotions"]] == ["2", "1"]
    assert found["runtime"]["invocationUrl"].endswith("/invocations?qualifier=live")
    assert (found["lastFailure"], found["gateway"]) == (None, None)


@pytest.mark.parametrize(
    ("changes", "said", "seen"),
    [
        (
            {"id": "one", "url": "https://one.example.com", "target_id": "T1", "proven": True},
            ["gateway      one, proven", "gateway URL  https://one.example.com/live/invocations"],
            {
                "type": "runtime",
                "id": "one",
                "endpoint": "https://one.example.com/live/invocations",
                "targets": [{"name": "live", "id": "T1"}],
                "proven": True,
                "only": False,
            },
        ),
        (
            {"id": "one", "url": "https://one.example.com"},
            ["gateway      one, not proven"],
            {
                "type": "runtime",
                "id": "one",
                "endpoint": "https://one.example.com/live/invocations",
                "targets": [],
                "proven": False,
                "only": False,
            },
        ),
        (
            {},
            ["gateway      not created, never finished: provision again"],
            {
                "type": "runtime",
                "id": None,
                "endpoint": None,
                "targets": [],
                "proven": False,
                "only": False,
            },
        ),
    ],
)
def test_the_gateway_of_an_environment_is_shown(
    place: Any,
    call: Call,
    capsys: Capture,
    changes: dict[str, Any],
    said: list[str],
    seen: dict[str, Any],
) -> None:
    place.put(ready(gateway=GatewayRecord(name="stack-dev", **changes)))
    assert call("show", "dev") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line.startswith("gateway")][: len(said)] == said
    assert call("show", "dev", "--json") == 0
    assert json.loads(capsys.readouterr().out)["gateway"] == seen


def test_a_failed_environment_is_shown_with_its_reason(
    place: Any, call: Call, capsys: Capture
) -> None:
    place.put(failed("shop"))
    assert call("show", "shop") == 0
    out = capsys.readouterr().out
    assert "Last failure\nSmokeTestError: it was silent\n" in out
    assert "nothing: no version has passed its smoke test" in out
    assert commands_in(out)[-1] == ["lifecycle", "history", "--stack", "mine", "cli-failed"]
    assert call("show", "shop", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["lastFailure"]["reason"] == "SmokeTestError: it was silent"
    assert found["runtime"]["invocationUrl"] is None


@pytest.mark.parametrize("words", [["show"], ["teardown"], ["rollback"]])
def test_an_environment_that_there_is_not_names_those_that_there_are(
    place: Any, call: Call, capsys: Capture, words: list[str]
) -> None:
    place.put(ready())
    assert call(*words, "shop") == 2
    said = " ".join(capsys.readouterr().err.split())
    assert said == (
        "lifecycle: there is no environment shop in stack mine in us-east-1; environments: dev"
    )
    assert place.machines.started == []


@pytest.mark.parametrize(
    ("words", "value"),
    [
        (["teardown", "dev"], {"action": "teardown", "environment": "dev", "dryRun": False}),
        (["teardown", "dev", "--dry-run"], {"action": "teardown", "dryRun": True}),
        (["rollback", "dev"], {"action": "rollback", "environment": "dev"}),
        (["rollback", "dev", "--version", "1"], {"action": "rollback", "version": "1"}),
    ],
)
def test_an_action_starts_the_lifecycle_and_prints_its_output(
    place: Any, call: Call, capsys: Capture, words: list[str], value: dict[str, Any]
) -> None:
    place.put(ready())
    place.machines.story.task("Prepare the request")
    place.machines.story.succeed({"environment": "dev", "action": words[0]})
    assert call(*words, "--json") == 0
    out, err = capsys.readouterr()
    assert json.loads(out) == {"environment": "dev", "action": words[0]}
    assert "✓ Prepare the request" in err
    (started,) = place.machines.started
    assert started["stateMachineArn"] == MACHINE
    assert json.loads(started["input"]).items() >= value.items()


def test_a_dry_run_ends_with_the_command_that_does_it(
    place: Any, call: Call, capsys: Capture
) -> None:
    place.put(ready())
    gone = {"dryRun": True, "wouldRemove": ["runtime r"]}
    place.machines.story.succeed({"environment": "dev", "action": "teardown", "teardown": gone})
    assert call("teardown", "dev", "--dry-run") == 0
    assert capsys.readouterr().out.splitlines()[-1] == (
        "Succeeded. Nothing was changed. To do it: lifecycle teardown --stack mine dev"
    )


def test_the_last_line_says_what_there_is_now(place: Any, call: Call, capsys: Capture) -> None:
    place.put(ready())
    output = {"environment": "dev", "action": "teardown", "teardown": {"removed": ["runtime r"]}}
    place.machines.story.succeed(output)
    assert call("teardown", "dev") == 0
    assert capsys.readouterr().out.splitlines()[-1] == "Succeeded. Environment dev is removed."
    place.machines.story.events.pop()
    back = {"environment": "dev", "action": "rollback", "promotion": {"version": "1"}}
    place.machines.story.succeed(back)
    assert call("rollback", "dev") == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == (
        "Succeeded. live serves version 1. To ask dev a question: lifecycle ask --stack mine dev '…'"
    )


def test_what_fails_without_an_output_is_still_one_object(
    place: Any, call: Call, capsys: Capture
) -> None:
    place.put(ready())
    place.machines.story.fail("States.Timeout", "too slow")
    assert call("rollback", "dev", "--json") == 1
    failure = {"error": "States.Timeout", "cause": "too slow"}
    assert json.loads(capsys.readouterr().out) == {"failure": failure}


def test_who_may_not_read_the_table_may_still_act(place: Any, call: Call, capsys: Capture) -> None:
    place.denied["dynamodb"] = DeniedError("AWS denies dynamodb:GetItem to your credentials: no")
    place.machines.story.fail("EnvironmentNotFoundError", "environment 'dev' has no record")
    assert call("teardown", "dev") == 1
    assert capsys.readouterr().err.splitlines()[-1] == (
        "EnvironmentNotFoundError: environment 'dev' has no record"
    )


def test_a_denied_call_names_the_action(place: Any, call: Call, capsys: Capture) -> None:
    place.denied["dynamodb"] = DeniedError("AWS denies dynamodb:Scan to your credentials: no")
    assert call("list", "--json") == 1
    assert capsys.readouterr() == (
        "",
        "lifecycle: AWS denies dynamodb:Scan to your credentials: no\n",
    )


def test_a_version_of_the_wrong_form_starts_nothing(
    place: Any, call: Call, capsys: Capture
) -> None:
    place.put(ready())
    assert call("rollback", "dev", "--version", "one") == 2
    assert "InvalidRequestError: version: given 'one'" in capsys.readouterr().err
    assert place.machines.started == []
