"""Promotion and rollback: callers of `live` never meet a version that failed, and are served all the while."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from local.edge.faults import Fault

pytestmark = pytest.mark.embedded
SESSION = "X-Amzn-Bedrock-AgentCore-Runtime-Session-Id"


def access_token(lifecycle: Any, auth: dict[str, Any]) -> str:
    """Sign in as the output says: with the secret's user, at the output's client."""
    secret = lifecycle.aws.client("secretsmanager").get_secret_value(SecretId=auth["secretArn"])
    user = json.loads(secret["SecretString"])
    answer = lifecycle.aws.client("cognito-idp").admin_initiate_auth(
        UserPoolId=auth["userPoolId"],
        ClientId=auth["clientId"],
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": user["username"], "PASSWORD": user["password"]},
    )
    return str(answer["AuthenticationResult"]["AccessToken"])


@dataclass
class Load:
    """Calls an endpoint one after the other, each in a session of its own, until it is stopped."""

    url: str
    token: str
    versions: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)
    thread: threading.Thread | None = None

    def __enter__(self) -> Load:
        self.thread = threading.Thread(target=self._run)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        assert self.thread is not None
        self.thread.join(timeout=60)
        assert not self.thread.is_alive()

    def _run(self) -> None:
        base, _, query = self.url.partition("/invocations?")
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        with httpx.Client(timeout=60, trust_env=False) as http:
            while not self.stopping.is_set():
                session = {SESSION: f"load-{uuid.uuid4()}"}
                try:
                    answer = http.post(
                        self.url, headers=headers | session, json={"prompt": "which version?"}
                    )
                    if answer.status_code == 200:
                        self.versions.append(answer.json()["variables"]["ECHO_MARK"])
                    else:
                        self.failed.append(f"{answer.status_code} {answer.text[:200]}")
                    http.post(f"{base}/stopruntimesession?{query}", headers=headers | session)
                except (httpx.HTTPError, ValueError, KeyError) as error:
                    self.failed.append(repr(error))

    def wait_for(self, calls: int) -> None:
        """Wait until so many calls more were answered."""
        wanted = len(self.versions) + calls
        deadline = time.monotonic() + 60
        while len(self.versions) < wanted:
            assert time.monotonic() < deadline, self.failed
            time.sleep(0.02)


def marked(name: str, tiny: dict[str, Any], mark: str, **more: Any) -> dict[str, Any]:
    """A provision whose agent answers with a mark that tells its version."""
    return {
        "environment": name,
        "artifact": tiny,
        "runtime": {"environmentVariables": {"ECHO_MARK": mark}},
        **more,
    }


def versions(lifecycle: Any, runtime_id: str) -> dict[str, str]:
    """Which version each endpoint serves."""
    endpoints = lifecycle.aws.client("bedrock-agentcore-control").list_agent_runtime_endpoints(
        agentRuntimeId=runtime_id
    )["runtimeEndpoints"]
    return {endpoint["name"]: endpoint["liveVersion"] for endpoint in endpoints}


def runtime_record(lifecycle: Any, name: str) -> dict[str, Any]:
    """The runtime's section of the record, as plain strings."""
    section = lifecycle.record(name)["runtime"]["M"]
    return {key: value.get("S") for key, value in section.items()}


def test_callers_of_live_are_served_without_a_gap(
    lifecycle: Any,
    environment: Callable[[], str],
    tiny: dict[str, Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    name = environment()
    first = lifecycle.run(marked(name, tiny, "one"))
    assert first.status == "SUCCEEDED", (first.error, first.cause)
    runtime = first.output["runtime"]
    began = time.monotonic()
    with Load(runtime["invocationUrl"], access_token(lifecycle, first.output["auth"])) as load:
        load.wait_for(2)
        unchanged = lifecycle.run(marked(name, tiny, "one"))
        assert unchanged.output["change"] == "unchanged"
        promoted = lifecycle.run(marked(name, tiny, "two"))
        assert promoted.status == "SUCCEEDED", (promoted.error, promoted.cause)
        assert promoted.output["promotion"]["version"] == "2"
        at_promotion = len(load.versions)
        load.wait_for(3)

        red = lifecycle.run(marked(name, tiny, "three", smokeTest={"expect": '"ECHO_MARK": "3"'}))
        assert (red.status, red.error) == ("FAILED", "SmokeTestError")
        load.wait_for(3)
    seconds = time.monotonic() - began
    assert load.failed == []
    seen = Counter(load.versions)
    # The failed version 3 was never met, and nobody was sent back to version 1 once 2 was live.
    assert set(seen) == {"one", "two"}
    assert set(load.versions[at_promotion + 1 :]) == {"two"}
    assert load.versions == sorted(load.versions)

    assert versions(lifecycle, runtime["id"]) == {"DEFAULT": "3", "live": "2"}
    record = runtime_record(lifecycle, name)
    assert (record["liveVersion"], record["failedVersion"]) == ("2", "3")
    assert "A valid access token is answered" in str(record["failedReason"])
    assert '"ECHO_MARK": "3"' in str(record["failedReason"])
    assert lifecycle.record(name)["state"] == {"S": "FAILED"}
    assert "lock" not in lifecycle.record(name)

    mended = lifecycle.run(marked(name, tiny, "four", smokeTest={"expect": '"ECHO_MARK": "four"'}))
    assert mended.status == "SUCCEEDED", (mended.error, mended.cause)
    assert mended.output["promotion"] == {
        "endpoint": "live",
        "version": "4",
        "previousVersion": "2",
    }
    assert versions(lifecycle, runtime["id"]) == {"DEFAULT": "4", "live": "4"}
    record = runtime_record(lifecycle, name)
    assert (record["liveVersion"], record.get("failedVersion")) == ("4", None)
    with capsys.disabled():
        print(
            f"\nsteady load: {len(load.versions) + len(load.failed)} calls in {seconds:.1f} s, "
            f"{len(load.failed)} failed, versions seen: {dict(seen)}"
        )


def test_a_version_that_failed_is_not_promoted_because_it_is_asked_for_again(
    lifecycle: Any, environment: Callable[[], str], tiny: dict[str, Any]
) -> None:
    name = environment()
    wrong = marked(name, tiny, "one", smokeTest={"expect": "never said"})
    red = lifecycle.run(wrong)
    assert (red.status, red.error) == ("FAILED", "SmokeTestError")
    record = runtime_record(lifecycle, name)
    assert (record.get("liveVersion"), record["failedVersion"]) == (None, "1")
    runtime_id = str(record["id"])
    assert versions(lifecycle, runtime_id) == {"DEFAULT": "1"}
    again = lifecycle.run(wrong)
    assert (again.status, again.error) == ("FAILED", "SmokeTestError")
    assert versions(lifecycle, runtime_id) == {"DEFAULT": "1"}
    # A smoke test that passes is not a promotion, and looks at DEFAULT while there is no live.
    asked = lifecycle.run(
        {"action": "smokeTest", "environment": name, "smokeTest": {"expect": "echo of"}}
    )
    assert asked.status == "SUCCEEDED", (asked.error, asked.cause)
    assert asked.output["smokeTest"]["endpoint"] == "DEFAULT"
    assert versions(lifecycle, runtime_id) == {"DEFAULT": "1"}
    good = lifecycle.run(marked(name, tiny, "one"))
    assert good.status == "SUCCEEDED", (good.error, good.cause)
    assert good.output["change"] == "unchanged"
    assert versions(lifecycle, runtime_id) == {"DEFAULT": "1", "live": "1"}


def test_an_update_that_agentcore_fails_leaves_live_and_the_next_one_heals(
    lifecycle: Any, environment: Callable[[], str], tiny: dict[str, Any]
) -> None:
    name = environment()
    first = lifecycle.run(marked(name, tiny, "one"))
    assert first.status == "SUCCEEDED", (first.error, first.cause)
    runtime_id = first.output["runtime"]["id"]
    lifecycle.aws.faults.add(
        Fault(
            service="bedrock-agentcore-control",
            operation="UpdateAgentRuntime",
            kind="failureState",
            reason="The network interface could not be made.",
        )
    )
    red = lifecycle.run(marked(name, tiny, "two"))
    assert (red.status, red.error) == ("FAILED", "RuntimeFailedError")
    assert "The network interface could not be made." in red.cause
    record = runtime_record(lifecycle, name)
    assert (record["liveVersion"], record["failedVersion"]) == ("1", "2")
    assert "The network interface could not be made." in str(record["failedReason"])
    assert versions(lifecycle, runtime_id)["live"] == "1"
    token = access_token(lifecycle, first.output["auth"])
    with Load(first.output["runtime"]["invocationUrl"], token) as load:
        load.wait_for(1)
    assert (set(load.versions), load.failed) == ({"one"}, [])

    healed = lifecycle.run(marked(name, tiny, "two"))
    assert healed.status == "SUCCEEDED", (healed.error, healed.cause)
    assert versions(lifecycle, runtime_id)["live"] == healed.output["runtime"]["version"]
