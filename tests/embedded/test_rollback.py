"""Roll back under a steady load: no call of `live` fails, nothing but promoted versions is met, and nothing is left."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from tests.embedded.test_promotion import Load, access_token, marked, versions

pytestmark = pytest.mark.embedded


def back(name: str, **more: Any) -> dict[str, Any]:
    return {"action": "rollback", "environment": name, **more}


def test_callers_of_live_are_served_all_the_way_back(
    lifecycle: Any,
    environment: Callable[[], str],
    tiny: dict[str, Any],
    announced: Callable[[], list[str]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    name = environment()
    runs = [lifecycle.run(marked(name, tiny, mark)) for mark in ("one", "two", "three")]
    assert [run.status for run in runs] == ["SUCCEEDED"] * 3, [run.cause for run in runs]
    runtime = runs[-1].output["runtime"]
    control = lifecycle.aws.client("bedrock-agentcore-control")
    took: list[str] = []
    began = time.monotonic()
    with Load(runtime["invocationUrl"], access_token(lifecycle, runs[-1].output["auth"])) as load:

        def roll_back(serves: dict[str, str], mark: str, **more: Any) -> Any:
            load.wait_for(2)
            started = time.monotonic()
            run = lifecycle.run(back(name, **more))
            took.append(f"{time.monotonic() - started:.1f} s")
            assert run.status == "SUCCEEDED", (run.error, run.cause)
            assert versions(lifecycle, runtime["id"]) == serves
            there = len(load.versions)
            load.wait_for(2)
            assert set(load.versions[there + 1 :]) == {mark}
            return run

        # To the version before.
        run = roll_back({"DEFAULT": "3", "live": "2"}, "two")
        assert run.output["promotion"] == {
            "endpoint": "live",
            "version": "2",
            "previousVersion": "3",
        }
        assert (run.output["action"], run.output["smokeTest"]["passed"]) == ("rollback", True)
        assert (run.output["smokeTest"]["endpoint"], run.output["runtime"]["version"]) == (
            "candidate",
            "2",
        )
        assert "Provision identity and artifact" not in run.states
        assert any(run.arn in body and "Environment Ready" in body for body in announced())
        # To one that is named.
        roll_back({"DEFAULT": "3", "live": "1"}, "one", version="1")
        # To one that is gone: it is made anew.
        control.delete_agent_runtime(agentRuntimeId=runtime["id"], agentRuntimeVersion="2")
        time.sleep(0.3)
        run = roll_back({"DEFAULT": "4", "live": "4"}, "two", version="2")
        assert "Provision identity and artifact" in run.states
        assert run.output["promotion"]["version"] == "4"
        assert run.output["artifact"]["containerUri"] == tiny["containerUri"]
        # One that fails: live stays where it is.
        red = lifecycle.run(back(name, version="1", smokeTest={"expect": "never said"}))
        assert (red.status, red.error) == ("FAILED", "SmokeTestError")
        assert versions(lifecycle, runtime["id"])["live"] == "4"
        # The candidate that it left is moved by the next one.
        roll_back({"DEFAULT": "4", "live": "3"}, "three", version="3")
    seconds = time.monotonic() - began
    assert load.failed == []
    order = [
        mark
        for mark, before in zip(load.versions, ["", *load.versions], strict=False)
        if mark != before
    ]
    assert order == ["three", "two", "one", "two", "three"]

    refused = lifecycle.run(back(name, version="9"))
    assert (refused.status, refused.error) == ("FAILED", "InvalidRequestError")
    assert "version: given '9'" in refused.cause
    # The smoke test that follows asks live as it was provisioned then.
    asked = lifecycle.run({"action": "smokeTest", "environment": name})
    assert (asked.status, asked.output["smokeTest"]["version"]) == ("SUCCEEDED", "3")
    with capsys.disabled():
        print(
            f"\nrollback under load: {len(load.versions) + len(load.failed)} calls in {seconds:.1f} s, "
            f"{len(load.failed)} failed, versions seen: {dict(Counter(load.versions))}, in this order: {order}; "
            f"the rollbacks took {took}"
        )


def test_an_environment_without_a_record_has_nothing_to_go_back_to(lifecycle: Any) -> None:
    run = lifecycle.run(back("nobody"))
    assert (run.status, run.error) == ("FAILED", "EnvironmentNotFoundError")
