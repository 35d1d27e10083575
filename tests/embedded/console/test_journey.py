"""A day with the console in a browser: start, failure, start again, ask, tear down; and a stack in AWS."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.embedded.console.conftest import Served
from tests.embedded.searching import forms
from tests.foreign.browser.chromium import browse

pytestmark = pytest.mark.embedded
JOURNEY = Path(__file__).parent / "journey.mjs"
WATCH = Path(__file__).parent / "watch.mjs"
ACTS = Path(__file__).parent / "acts.mjs"
REMOVAL = Path(__file__).parent / "removal.mjs"
TOKEN = re.compile(rb"eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{20,}")
SLOWLY = 4.0
"""Seconds that a runtime takes to be made or changed, so that an execution still runs when its page has loaded."""


@pytest.fixture
def slowly(lifecycle: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for change in ("create", "update"):
        monkeypatch.setattr(lifecycle.aws.agentcore.delays, change, SLOWLY)


@pytest.fixture
def passwords(lifecycle: Any) -> Callable[[], set[bytes]]:
    """Gives the value of every secret of the account, in every form."""

    def read() -> set[bytes]:
        secrets = lifecycle.aws.client("secretsmanager")
        names = [one["ARN"] for one in secrets.list_secrets()["SecretList"]]
        values = [secrets.get_secret_value(SecretId=name)["SecretString"] for name in names]
        # Other tests keep secrets without a value.
        values = [value for value in values if len(value) > 8]
        return {form for value in values for form in forms(value)}

    return read


@pytest.mark.usefixtures("slowly")
def test_a_day(
    lifecycle: Any,
    environment: Callable[[], str],
    tiny: dict[str, Any],
    served: Served,
    passwords: Callable[[], set[bytes]],
    tmp_path: Path,
) -> None:
    aws, name, bodies = lifecycle.aws, environment(), tmp_path / "bodies"
    url = served("--state-dir", str(aws.state_dir))
    given = {"url": url, "name": name, "containerUri": tiny["containerUri"], "bodies": str(bodies)}
    found = browse(JOURNEY, given)
    assert "token" not in found["address"]
    assert "environment" in found["said"]
    assert (found["first"][0], found["first"][-1]) == ("Running", "Failed")
    assert found["failed"]["state"] == "Run the smoke test"
    assert "what it never says" in found["failed"]["error"]
    assert "stage failed" in found["failed"]["log"]
    assert (found["second"][0], found["second"][-1]) == ("Running", "Succeeded")
    assert "echo of does it work?" in found["asked"]["answer"]
    assert (found["faults"], found["notes"]) == ([], [])
    secrets = passwords()
    removed = browse(REMOVAL, {"url": url, "name": name, "bodies": str(bodies)})
    assert any(name in one for one in removed["removes"])
    assert (removed["seen"][-1], removed["left"]) == ("Succeeded", 0)
    assert (removed["faults"], removed["notes"]) == ([], [])
    assert lifecycle.leftovers(name) == {}
    text = bodies.read_bytes()
    assert b"echo of does it work?" in text
    assert secrets
    assert [secret for secret in secrets if secret in text] == []
    assert TOKEN.findall(text) == []
    assert url.partition("token=")[2].encode() not in text


@pytest.mark.usefixtures("slowly")
def test_a_stack_in_aws_is_shown_by_the_same_pages(
    lifecycle: Any, environment: Callable[[], str], tiny: dict[str, Any], served: Served
) -> None:
    aws = lifecycle.aws
    url = served("--stack", aws.stack.name, environment=aws.environment())
    given = {
        "environment": environment(),
        "artifact.containerUri": tiny["containerUri"],
        "auth.type": "iam",
        "smokeTest.expect": "echo of",
    }
    found = browse(WATCH, {"url": url, "input": given})
    assert f"{aws.stack.name} {aws.region}" in found["place"]
    assert (found["seen"][0], found["seen"][-1]) == ("Running", "Succeeded")
    assert (found["faults"], found["notes"]) == ([], [])


def test_a_fault_a_verification_a_rollback_and_a_stop(
    lifecycle: Any, environment: Callable[[], str], tiny: dict[str, Any], served: Served
) -> None:
    aws, name = lifecycle.aws, environment()
    for description in ("the first", "the second"):
        run = lifecycle.run(
            {
                "environment": name,
                "artifact": {"containerUri": tiny["containerUri"]},
                "auth": {"type": "iam"},
                "runtime": {"description": description},
                "smokeTest": {"expect": "echo of"},
            }
        )
        assert run.status == "SUCCEEDED", (run.error, run.cause)
    url = served("--state-dir", str(aws.state_dir))
    try:
        found = browse(ACTS, {"url": url, "name": name, "caller": "RunSmokeTestFunction"})
    finally:
        aws.faults.clear()
    assert ["accessDenied" in row for row in found["planned"]] == [True]
    assert found["failed"][-1] == "Failed"
    assert "InvokeAgentRuntime" in found["cause"]
    assert (found["left"], found["passed"][-1]) == (0, "Succeeded")
    assert "the first" not in found["cause"]
    assert (found["back"][0], found["back"][-1]) == ("Running", "Succeeded")
    assert "version 1" in found["live"]
    assert "Update" in found["again"]
    assert found["stopped"] == "Stopped"
    record = lifecycle.record(name)
    assert record is not None
    assert record["runtime"]["M"]["liveVersion"] == {"S": "1"}
    assert (found["faults"], found["notes"]) == ([], [])
