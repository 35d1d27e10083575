"""The smoke test as a stage: which endpoint it asks, what it records, and that no secret shows."""

from __future__ import annotations

import logging
import re
from typing import Any

import pytest

from handlers import run_smoke_test as handler
from lifecycle.errors import EnvironmentNotFoundError, SmokeTestError
from lifecycle.identity.provision import provision_identity
from lifecycle.runtime.description import DeployedRuntime
from lifecycle.sections.identity import IdentityRecord
from lifecycle.smoke_test.run import run_smoke_test
from tests.functions.lifecycle.identity.provisioning import MACHINE
from tests.functions.lifecycle.lambda_context import LambdaContext
from tests.functions.lifecycle.smoke_test.smoke_environment import error, run

IAM = IdentityRecord(type="iam")


@pytest.mark.parametrize("failing", [False, True])
def test_the_session_is_stopped_by_the_right_caller(password: Any, failing: bool) -> None:
    if failing:
        password.runtime.always["none"] = error(200)
        with pytest.raises(SmokeTestError):
            run(password)
    else:
        run(password)
    (stop,) = password.runtime.stopped
    assert stop.kind == "good"
    assert stop.session == password.runtime.invoked[0].session


def test_each_run_has_a_session_of_its_own(password: Any) -> None:
    assert run(password).session_id != run(password).session_id


def test_a_pass_of_default_is_noted(password: Any) -> None:
    password.deploy(failed_version="2", failed_reason="it failed")
    run(password)
    runtime = password.world.record.runtime
    assert runtime.proven_version == "3"
    assert runtime.failed_version is None
    assert runtime.failed_reason is None


def test_a_failure_is_noted_before_it_is_raised(password: Any) -> None:
    password.deploy(live_version="2", proven_version="2")
    with pytest.raises(SmokeTestError) as caught:
        run(password, smokeTest={"expect": "雪"})
    runtime = password.world.record.runtime
    assert runtime.failed_version == "3"
    assert runtime.failed_reason == str(caught.value)
    assert (runtime.proven_version, runtime.live_version) == ("2", "2")
    assert type(caught.value) is SmokeTestError
    kept = password.world.record.failed_smoke_test
    assert kept.execution == password.world.event().execution
    assert (kept.report["passed"], kept.report["version"]) == (False, "3")
    seen = [(check["name"], check["passed"]) for check in kept.report["checks"]]
    assert seen[0] == ("SigV4 is refused", True)
    assert seen[-1] == ("A valid access token is answered", False)


@pytest.mark.parametrize("endpoint", ["DEFAULT", "live"])
def test_an_endpoint_that_was_removed_by_hand_is_said_at_once(password: Any, endpoint: str) -> None:
    password.deploy(live_version="2" if endpoint == "live" else None)
    del password.runtime.endpoints[endpoint]
    with pytest.raises(SmokeTestError, match=f"expected {endpoint} of runtime x, seen none"):
        run(password, action="smokeTest")
    assert password.runtime.seen == []
    assert password.pauses == []


def test_an_endpoint_that_the_stage_before_has_seen_is_not_looked_at_again(password: Any) -> None:
    password.deploy(live_version="2")
    password.runtime.endpoints.clear()
    seen = {"arn": "a", "id": "x", "version": "3", "invocationUrl": "https://x"}
    ready = DeployedRuntime.model_validate({**seen, "endpoint": "DEFAULT"})
    tested = run_smoke_test(
        password.world.event(), ready=ready, clients=password.clients, sleep=password.pauses.append
    )
    assert tested.smoke_test.version == "3"
    # `live` is another one.
    with pytest.raises(SmokeTestError, match="expected live of runtime x, seen none"):
        run_smoke_test(
            password.world.event(action="smokeTest"), ready=ready, clients=password.clients
        )


def test_the_version_of_an_endpoint_that_was_moved_by_hand_is_reported(password: Any) -> None:
    password.deploy(live_version="2")
    password.runtime.endpoints["live"] = "1"
    report = run(password, action="smokeTest")
    assert (report.endpoint, report.version) == ("live", "1")


def test_live_is_tested_with_the_identity_that_it_was_promoted_with(password: Any) -> None:
    identity = password.world.identity
    password.deploy(live_version="2", live_identity=identity)
    # A provision with another way to sign in failed before its version existed.
    records, execution = password.world.records, password.world.event().execution
    records.update("dev", execution, identity=IAM)
    report = run(password, action="smokeTest")
    assert report.checks[0].name == "SigV4 is refused"
    assert report.passed


def test_action_smoke_test_asks_live_and_leaves_the_failed_version_noted(password: Any) -> None:
    password.deploy(live_version="2", failed_version="3", failed_reason="it failed")
    report = run(password, action="smokeTest")
    assert (report.endpoint, report.version) == ("live", "2")
    assert {call.qualifier for call in password.runtime.seen} == {"live"}
    assert password.world.record.runtime.failed_version == "3"


def test_action_smoke_test_without_live_asks_default(password: Any) -> None:
    assert run(password, action="smokeTest").endpoint == "DEFAULT"


def test_without_a_runtime_there_is_nothing_to_test(smoke: Any) -> None:
    with pytest.raises(EnvironmentNotFoundError):
        run(smoke, action="smokeTest")


def test_no_token_or_password_in_output_record_or_log(
    password: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def leaky(payload: Any, headers: dict[str, str]) -> Any:
        return 200, {"content-type": "text/plain"}, headers["authorization"].encode()

    password.runtime.agent = leaky
    monkeypatch.setattr(
        run_smoke_test, "__kwdefaults__", {"clients": password.clients, "sleep": None}
    )
    monkeypatch.setenv("POWERTOOLS_TRACE_DISABLED", "true")
    event = password.world.event(smokeTest={"expect": "^Bearer ey"})
    output = handler.handler(event.model_dump(mode="json", by_alias=True), LambdaContext())
    assert output["smokeTest"]["answer"] == "Bearer (hidden)"
    failing = password.world.event(smokeTest={"expect": "雪"})
    with pytest.raises(SmokeTestError) as caught:
        handler.handler(failing.model_dump(mode="json", by_alias=True), LambdaContext())
    tokens = {
        call.headers["authorization"].removeprefix("Bearer ")
        for call in password.runtime.seen
        if call.headers.get("authorization", "").startswith("Bearer ey")
    }
    assert len(tokens) > 3
    logged = " ".join(repr(entry.__dict__) for entry in caplog.records)
    shown = (repr(output), str(caught.value), password.world.record.model_dump_json(), logged)
    for secret in (*tokens, password.world.secret_value()["password"]):
        assert all(secret not in text for text in shown)


@pytest.mark.parametrize("request_", [{}, MACHINE], ids=["password", "clientCredentials"])
def test_no_token_or_password_in_the_log_of_a_function_that_is_debugged(
    smoke: Any, request_: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    provision_identity(smoke.world.event(**request_), clients=smoke.world.clients)
    smoke.deploy()
    value = smoke.world.secret_value()
    # What the Lambda runtime does for ApplicationLogLevel DEBUG.
    caplog.set_level(logging.DEBUG)
    logging.getLogger("any.other").debug("this is collected")
    assert run(smoke, **request_).passed
    logged = " ".join(f"{entry.getMessage()} {entry.__dict__!r}" for entry in caplog.records)
    assert "this is collected" in logged
    assert (value.get("password") or value["clientSecret"]) not in logged
    # A token is a JWT: header and claims begin with the letters of '{"'.
    assert re.findall(r"eyJ[\w-]+\.eyJ", logged) == []
