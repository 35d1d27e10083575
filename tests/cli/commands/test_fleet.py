"""`lifecycle fleet`: what each command starts, and how its end is shown."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.cli.commands.conftest import FLEET, plain
from tests.cli.commands.test_environments import assert_no_word_is_cut, commands_in

Call = Callable[..., int]
Capture = pytest.CaptureFixture[str]

REPORT: dict[str, Any] = {
    "action": "sweep",
    "dryRun": False,
    "selected": 2,
    "started": 2,
    "succeeded": 2,
    "failed": 0,
    "report": {"bucket": "b", "key": "fleets/x/report.json"},
    "wouldStart": [],
    "orphanCount": 2,
    "orphans": [
        {"arn": "arn:aws:one", "environment": "gone", "removable": True, "removed": False},
        {"arn": "image:2", "environment": None, "removable": True, "removed": True},
    ],
}


@pytest.mark.parametrize(
    ("words", "value"),
    [
        (["verify"], {"action": "verify"}),
        (
            ["verify", "--environment", "a", "--environment", "b", "--max-concurrency", "9"],
            {"action": "verify", "environments": ["a", "b"], "maxConcurrency": 9},
        ),
        (
            ["rebuild", "--pattern", "shop-*", "--dry-run"],
            {"action": "rebuild", "pattern": "shop-*", "dryRun": True},
        ),
        (
            ["rebuild", "--source", "s3://agents/sources/a b.zip"],
            {"action": "rebuild", "source": {"bucket": "agents", "key": "sources/a b.zip"}},
        ),
        (["sweep"], {"action": "sweep"}),
        (["sweep", "--no-find-orphans"], {"action": "sweep", "findOrphans": False}),
        (["sweep", "--remove-orphans"], {"action": "sweep", "removeOrphans": True}),
    ],
)
def test_a_command_starts_the_fleet(
    place: Any, call: Call, capsys: Capture, words: list[str], value: dict[str, Any]
) -> None:
    place.machines.story.task("Select the environments")
    place.machines.story.succeed(REPORT)
    assert call("fleet", *words, "--json") == 0
    out, err = capsys.readouterr()
    assert json.loads(out) == REPORT
    assert "✓ Select the environments" in err
    (started,) = place.machines.started
    assert started["stateMachineArn"] == FLEET
    assert json.loads(started["input"]) == value


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["verify", "--environment", "Bad_Name"], "InvalidRequestError: environments"),
        (["verify", "--pattern", "Shop"], "InvalidRequestError: pattern: given 'Shop'"),
        (["verify", "--max-concurrency", "0"], "InvalidRequestError: maxConcurrency: given 0"),
        (["rebuild", "--source", "agents/a.zip"], "--source agents/a.zip: give bucket and key"),
        (["rebuild", "--source", "s3://agents"], "--source s3://agents: give bucket and key"),
        (["sweep", "--no-find-orphans", "--remove-orphans"], "removeOrphans: given true"),
    ],
)
def test_bad_usage_starts_nothing(
    place: Any, call: Call, capsys: Capture, words: list[str], message: str
) -> None:
    assert call("fleet", *words) == 2
    assert message in capsys.readouterr().err
    assert place.machines.started == []


@pytest.mark.parametrize("columns", [80, 40, 160])
def test_the_end_has_counts_orphans_and_what_matters_last(
    place: Any, call: Call, capsys: Capture, terminal: Callable[[int], None], columns: int
) -> None:
    terminal(columns)
    place.machines.story.succeed(REPORT)
    assert call("fleet", "sweep") == 0
    out = plain(capsys.readouterr().out)
    shown = out.partition("action")[2]
    assert_no_word_is_cut(shown, columns)
    for text in ("s3://b/fleets/x/report.json", "can be removed", "arn:aws:one", "image:2"):
        assert text in shown
    assert commands_in(shown) == [["lifecycle", "list", "--stack", "mine"]]
    assert "Succeeded. 2 environments: all succeeded. 2 orphans" in " ".join(shown.split())


def test_a_dry_run_names_what_would_start_and_the_command_that_does(
    place: Any, call: Call, capsys: Capture
) -> None:
    dry = {"dryRun": True, "started": 0, "orphans": [], "orphanCount": 0, "selected": 3}
    place.machines.story.succeed({**REPORT, **dry, "wouldStart": ["a", "b"]})
    words = ["--pattern", "shop-*", "--environment", "a"]
    assert call("fleet", "sweep", "--dry-run", *words) == 0
    out = capsys.readouterr().out
    assert "Would start (dry run: nothing was started)\na\nb\nand 1 more\n" in out
    assert out.splitlines()[-1] == (
        "Succeeded. Nothing was started. To do it: "
        "lifecycle fleet sweep --stack mine --environment a --pattern 'shop-*'"
    )


def test_a_fleet_of_none_says_so(place: Any, call: Call, capsys: Capture) -> None:
    none = {"selected": 0, "started": 0, "succeeded": 0, "orphans": [], "orphanCount": 0}
    place.machines.story.succeed({**REPORT, **none})
    assert call("fleet", "sweep") == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == "Succeeded. No environment was selected."


def test_a_failure_is_the_last_line_and_the_exit_status(
    place: Any, call: Call, capsys: Capture
) -> None:
    place.machines.story.fail("FleetError", "verify: 1 of 2 environments failed: shop: …")
    assert call("fleet", "verify", "--json") == 1
    out, err = capsys.readouterr()
    cause = "verify: 1 of 2 environments failed: shop: …"
    assert json.loads(out) == {"failure": {"error": "FleetError", "cause": cause}}
    assert err.splitlines()[-1] == "FleetError: verify: 1 of 2 environments failed: shop: …"
