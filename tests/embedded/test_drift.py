"""What was broken by hand is found, named in the output, repaired, and proved by the smoke test."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

pytestmark = pytest.mark.embedded


@dataclass
class Broken:
    """An environment that is provisioned, then broken, then provisioned again with the same request."""

    lifecycle: Any
    given: dict[str, Any]
    output: dict[str, Any]

    def client(self, service: str) -> Any:
        return self.lifecycle.aws.client(service)

    @property
    def control(self) -> Any:
        return self.client("bedrock-agentcore-control")

    @property
    def cognito(self) -> Any:
        return self.client("cognito-idp")

    @property
    def runtime_id(self) -> str:
        return str(self.output["runtime"]["id"])

    @property
    def pool(self) -> str:
        return str(self.output["auth"]["userPoolId"])

    def runtime(self) -> dict[str, Any]:
        return dict(self.control.get_agent_runtime(agentRuntimeId=self.runtime_id))

    def live(self) -> dict[str, Any]:
        return dict(
            self.control.get_agent_runtime_endpoint(
                agentRuntimeId=self.runtime_id, endpointName="live"
            )
        )

    def endpoints(self) -> set[str]:
        found = self.control.list_agent_runtime_endpoints(agentRuntimeId=self.runtime_id)
        return {endpoint["name"] for endpoint in found["runtimeEndpoints"]}

    def update(self, *without: str, **changes: Any) -> None:
        """Write the runtime back by hand, changed, or without some of its parts."""
        found = self.runtime()
        model = self.control.meta.service_model.operation_model("UpdateAgentRuntime")
        whole = {name: found[name] for name in model.input_shape.members if found.get(name)}
        kept = {name: value for name, value in (whole | changes).items() if name not in without}
        self.control.update_agent_runtime(**kept)

    def repair(self) -> list[str]:
        """Provision again; returns what was repaired, after the smoke test passed and `live` is right."""
        run = self.lifecycle.run(self.given)
        assert run.status == "SUCCEEDED", (run.error, run.cause)
        self.output = run.output
        smoke_test = run.output["smokeTest"]
        assert smoke_test["passed"] is True
        assert all(check["passed"] for check in smoke_test["checks"])
        assert any("SigV4 is refused" in check["name"] for check in smoke_test["checks"])
        version = self.runtime()["agentRuntimeVersion"]
        live = self.live()
        assert (live["status"], live["liveVersion"]) == ("READY", version)
        assert run.output["runtime"]["version"] == version
        repaired: list[str] = run.output["repaired"]
        return repaired


@pytest.fixture
def broken(lifecycle: Any, environment: Callable[[], str], tiny: dict[str, Any]) -> Broken:
    given = {
        "environment": environment(),
        "artifact": tiny,
        "runtime": {
            "environmentVariables": {"ECHO_MARK": "one"},
            "requestHeaders": ["Authorization"],
        },
    }
    run = lifecycle.run(given)
    assert run.status == "SUCCEEDED", (run.error, run.cause)
    return Broken(lifecycle, given, run.output)


def wait_until(holds: Callable[[], bool]) -> None:
    """Wait for what was changed by hand, which takes its moment, too."""
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def wait_for_ready(broken: Broken) -> None:
    wait_until(lambda: {broken.runtime()["status"], broken.live()["status"]} == {"READY"})


def delete_live(broken: Broken) -> None:
    broken.control.delete_agent_runtime_endpoint(
        agentRuntimeId=broken.runtime_id, endpointName="live"
    )
    wait_until(lambda: broken.endpoints() == {"DEFAULT"})


def test_a_runtime_changed_and_deleted_by_hand(broken: Broken) -> None:
    was = broken.runtime()
    broken.update("authorizerConfiguration", "requestHeaderConfiguration")
    wait_for_ready(broken)
    broken.update(environmentVariables={"ECHO_MARK": "by hand"}, description="By hand")
    wait_for_ready(broken)
    # Callers of live meet a version that nobody proved, without any authorizer.
    by_hand = broken.runtime()
    assert "authorizerConfiguration" not in by_hand
    broken.control.update_agent_runtime_endpoint(
        agentRuntimeId=broken.runtime_id,
        endpointName="live",
        agentRuntimeVersion=by_hand["agentRuntimeVersion"],
    )
    wait_for_ready(broken)
    assert sorted(broken.repair()) == [
        "the endpoint live was moved from version 1 to 3",
        "the runtime's authorizer was removed",
        "the runtime's description was changed",
        "the runtime's environment variables were changed",
        "the runtime's request header list was changed",
    ]
    now = broken.runtime()
    for part in (
        "authorizerConfiguration",
        "environmentVariables",
        "requestHeaderConfiguration",
        "description",
    ):
        assert now[part] == was[part], part
    assert now["agentRuntimeVersion"] == "4"

    delete_live(broken)
    assert broken.repair() == ["the endpoint live was deleted"]
    assert broken.output["change"] == "unchanged"

    gone = broken.runtime_id
    delete_live(broken)
    broken.control.delete_agent_runtime(agentRuntimeId=gone)
    assert broken.repair() == ["the runtime was deleted"]
    assert broken.output["change"] == "created"
    assert broken.runtime_id != gone
    assert broken.repair() == []


def test_an_identity_broken_by_hand(broken: Broken) -> None:
    secrets = broken.client("secretsmanager")
    auth = broken.output["auth"]
    pool, user = broken.pool, "smoke-test"

    broken.cognito.admin_disable_user(UserPoolId=pool, Username=user)
    broken.cognito.update_user_pool_client(
        UserPoolId=pool,
        ClientId=auth["clientId"],
        ClientName="by-hand",
        ExplicitAuthFlows=["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
    )
    secrets.delete_secret(SecretId=auth["secretArn"], RecoveryWindowInDays=7)
    found = broken.repair()
    assert "the test user had been disabled" in found
    assert "the app client's sign-in flows had been changed" in found
    assert "the secret was scheduled for deletion: restored" in found
    assert broken.output["auth"] == auth
    client = broken.cognito.describe_user_pool_client(UserPoolId=pool, ClientId=auth["clientId"])
    assert "ALLOW_ADMIN_USER_PASSWORD_AUTH" in client["UserPoolClient"]["ExplicitAuthFlows"]
    assert "DeletedDate" not in secrets.describe_secret(SecretId=auth["secretArn"])

    broken.cognito.admin_delete_user(UserPoolId=pool, Username=user)
    secrets.delete_secret(SecretId=auth["secretArn"], ForceDeleteWithoutRecovery=True)
    found = broken.repair()
    assert "the test user was deleted: created again" in found
    assert "the secret was deleted: created again" in found
    assert broken.output["auth"]["secretArn"] != auth["secretArn"]
    assert broken.output["auth"]["clientId"] == auth["clientId"]

    # A password set by hand: the sign-in fails, is red, and the next provision makes a new one.
    broken.cognito.admin_set_user_password(
        UserPoolId=pool, Username=user, Password="By-hand-2-by-hand-2-by", Permanent=True
    )
    red = broken.lifecycle.run(broken.given)
    assert (red.status, red.error) == ("FAILED", "SmokeTestError"), (red.error, red.cause)
    assert broken.repair() == ["the test user's password did not match the secret: reset"]

    # The app client too: the authorizer has to follow the new one.
    auth = broken.output["auth"]
    broken.cognito.delete_user_pool_client(UserPoolId=pool, ClientId=auth["clientId"])
    assert broken.repair() == ["the app client was deleted: created again"]
    client = broken.output["auth"]["clientId"]
    assert client != auth["clientId"]
    jwt = broken.runtime()["authorizerConfiguration"]["customJWTAuthorizer"]
    assert jwt["allowedClients"] == [client]

    broken.cognito.delete_user_pool(UserPoolId=pool)
    assert "the user pool was deleted: created again" in broken.repair()
    assert broken.pool != pool
    jwt = broken.runtime()["authorizerConfiguration"]["customJWTAuthorizer"]
    assert jwt["discoveryUrl"] == broken.output["auth"]["discoveryUrl"]
    assert broken.pool in jwt["discoveryUrl"]
    assert broken.repair() == []


def test_tags_taken_by_hand_lock_nobody_out(broken: Broken) -> None:
    """The functions' policies go by the tags, so the tags are what is mended first."""

    def take_tags() -> None:
        broken.cognito.update_user_pool(UserPoolId=broken.pool, UserPoolTags={"theirs": "1"})
        broken.client("secretsmanager").untag_resource(
            SecretId=broken.output["auth"]["secretArn"], TagKeys=["agentcore-lifecycle:stack"]
        )

    take_tags()
    found = broken.repair()
    assert "the user pool's tags had been removed" in found
    assert "the secret's tags had been removed" in found
    pool = broken.cognito.describe_user_pool(UserPoolId=broken.pool)["UserPool"]
    assert pool["UserPoolTags"]["theirs"] == "1"

    take_tags()
    gone = broken.lifecycle.run({"environment": broken.given["environment"], "action": "teardown"})
    assert gone.status == "SUCCEEDED", (gone.error, gone.cause)
    assert broken.lifecycle.leftovers(broken.given["environment"]) == {}
