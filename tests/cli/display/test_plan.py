"""The plan of a dry run, as a person sees it on a terminal of 80 columns."""

from __future__ import annotations

import io
from typing import Any

from rich.console import Console

from cli.display.result import show_output

PLAN: dict[str, Any] = {
    "identity": [
        {"resource": "user pool", "change": "unchanged", "details": []},
        {
            "resource": "test user",
            "change": "repair",
            "details": [
                "the test user was deleted: created again",
                "the test user's password did not match the secret: reset",
            ],
        },
    ],
    "artifact": {
        "change": "build",
        "builds": 1,
        "buildMinutes": 1.5,
        "reason": "the stack has not built this source",
    },
    "runtime": {
        "change": "update",
        "differences": [
            {"member": "description", "from": "by hand", "to": "wanted"},
            {"member": "environmentVariables.NEW", "from": None, "to": "a value"},
            {"member": "and 3 more", "from": None, "to": None},
        ],
        "repaired": ["the runtime's description was changed"],
    },
    "promotion": {"moves": True, "fromVersion": "1", "toVersion": None},
    "notKnown": ["whether the smoke test passes"],
}


def shown(plan: dict[str, Any]) -> list[str]:
    return shown_output({"environment": "dev", "action": "provision", "plan": plan})


def shown_output(output: dict[str, Any]) -> list[str]:
    file = io.StringIO()
    console = Console(file=file, width=80, force_terminal=True, color_system=None)
    show_output(console, output)
    return file.getvalue().splitlines()


def test_a_plan_is_a_table() -> None:
    lines = shown(PLAN)
    assert lines[4:] == [
        "Plan (dry run: nothing was changed)",
        "what       change     details",
        "user pool  unchanged",
        "test user  repair     the test user was deleted: created again; the test user's",
        "                      password did not match the secret: reset",
        "artifact   build      the stack has not built this source; earlier builds took",
        "                      1.5 minutes",
        "runtime    update     the runtime's description was changed",
        "live       moves      from version 1 to the new version",
        "",
        "What differs in the runtime",
        "description               by hand → wanted",
        "environmentVariables.NEW  (none) → a value",
        "and 3 more",
        "",
        "Not known before",
        "- whether the smoke test passes",
    ]
    assert max(map(len, lines)) <= 80


def test_a_plan_of_nothing_to_do_is_short() -> None:
    plan = {
        "identity": [],
        "artifact": {"change": "unchanged", "builds": 0, "reason": "the environment uses it"},
        "runtime": {"change": "unchanged", "differences": [], "repaired": []},
        "promotion": {"moves": False, "fromVersion": "2", "toVersion": "2"},
        "notKnown": [],
    }
    assert shown(plan)[5:] == [
        "what      change     details",
        "artifact  unchanged  the environment uses it",
        "runtime   unchanged",
        "live      stays      on version 2",
    ]
    first = {**plan, "promotion": {"moves": True, "fromVersion": None, "toVersion": None}}
    assert shown(first)[-1] == "live      moves      to the new version"


def test_what_delivers_logs_and_traces_is_a_row() -> None:
    def row(observability: dict[str, Any]) -> list[str]:
        lines = shown({**PLAN, "observability": observability})
        return [" ".join(line.split()) for line in lines if line.startswith("observability")]

    drift = {"change": "update", "repaired": ["the delivery of USAGE_LOGS was deleted"]}
    assert row(drift) == ["observability update the delivery of USAGE_LOGS was deleted"]
    off = {"change": "remove", "repaired": [], "removes": ["delivery source a", "log group g"]}
    assert row(off) == ["observability remove delivery source a; log group g"]


def test_a_gateway_that_would_be_replaced_says_what_goes() -> None:
    gateway = {"change": "replace", "repaired": [], "removes": ["target live", "gateway one"]}
    (line,) = [one for one in shown({**PLAN, "gateway": gateway}) if one.startswith("gateway")]
    assert line.split(maxsplit=2) == ["gateway", "replace", "target live; gateway one"]


def test_a_plan_of_a_rollback_says_to_which_version_and_what_it_must_pass() -> None:
    plan: dict[str, Any] = {
        "version": {"version": "2", "reason": "the input names it", "exists": True},
        "identity": [],
        "artifact": None,
        "runtime": {"change": "unchanged", "differences": [], "repaired": []},
        "gate": {"endpoint": "candidate", "checks": ["a", "b"], "questions": 6},
        "promotion": {"moves": True, "fromVersion": "3", "toVersion": "2"},
        "notKnown": [],
    }
    assert shown(plan)[5:] == [
        "what       change     details",
        "version 2  restore    the input names it",
        "runtime    unchanged",
        "gate       test       2 checks and 6 questions of cases on candidate",
        "live       moves      from version 3 to version 2",
    ]
    gone = {**plan, "version": {**plan["version"], "exists": False}}
    assert "version 2  make anew  the input names it" in shown(gone)
