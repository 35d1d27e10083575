"""A tenant who may only start executions takes no secret: the listener hears nothing, and the victim goes on."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.functions.lifecycle.provider.listener import Listener, listening

pytestmark = pytest.mark.embedded
HOST_TAG = "agentcore-lifecycle:smoke-test-host"
ENVIRONMENTS_TAG = "agentcore-lifecycle:smoke-test-environments"


def tagged(host: str, users: str) -> list[dict[str, str]]:
    """The tags by which an owner allows a secret."""
    return [{"Key": HOST_TAG, "Value": host}, {"Key": ENVIRONMENTS_TAG, "Value": users}]


@pytest.fixture
def attacker() -> Iterator[Listener]:
    with listening() as listener:
        yield listener


def reads_of(aws: Any) -> int:
    """How many values of secrets functions have read so far."""
    return sum(
        call.operation == "GetSecretValue" and call.caller.kind == "function"
        for call in aws.calls.calls()
        if call.caller
    )


def test_no_attempt_on_another_environment_s_secret_reaches_the_listener(
    lifecycle: Any, environment: Callable[[], str], tiny: dict[str, Any], attacker: Listener
) -> None:
    aws, shop, thief = lifecycle.aws, environment(), environment()
    usual = {"artifact": tiny, "smokeTest": {"expect": "echo of"}}
    run = lifecycle.run(
        {
            "environment": shop,
            "auth": {"type": "cognito", "flow": "clientCredentials"},
            **usual,
        }
    )
    assert run.status == "SUCCEEDED", (run.error, run.cause)
    secrets = aws.client("secretsmanager")
    victim = run.output["auth"]["secretArn"]
    value = json.loads(secrets.get_secret_value(SecretId=victim)["SecretString"])
    before = reads_of(aws)

    def steal(discovery_url: str, secret: str = victim) -> Any:
        auth = {
            "type": "jwt",
            "discoveryUrl": discovery_url,
            "allowedClients": ["x"],
            "tokenSecretArn": secret,
        }
        return lifecycle.run({"environment": thief, "auth": auth, **usual})

    def refused(run: Any, by: str) -> None:
        assert (run.status, run.error) == ("FAILED", "InvalidRequestError")
        assert by in run.cause
        assert lifecycle.record(thief) is None

    # The stack's parameter has 127.0.0.1, but not localhost.
    refused(steal(attacker.discovery_url.replace("127.0.0.1", "localhost")), "ProviderHosts")
    # IAM: the function may not even look at the secret of an environment.
    refused(
        steal(attacker.discovery_url),
        "which this stack may not look at (DescribeSecret: AccessDenied",
    )
    # Nor does a tag for the attacker's host change that.
    own = tagged("127.0.0.1", f"agentcore-lifecycle/{thief}")
    secrets.tag_resource(SecretId=victim, Tags=own)
    refused(
        steal(attacker.discovery_url),
        "which this stack may not look at (DescribeSecret: AccessDenied",
    )
    # A secret that another application tagged for its own provider.
    other = secrets.create_secret(
        Name=f"other-application/{thief}",
        SecretString=json.dumps(value),
        Tags=tagged("auth.example.com", f"agentcore-lifecycle/{thief}"),
    )["ARN"]
    refused(steal(attacker.discovery_url, other), "may be used only for auth.example.com")
    # One for this very provider, but for another environment, or for another stack: IAM refuses the latter.
    secrets.tag_resource(SecretId=other, Tags=tagged("127.0.0.1", f"agentcore-lifecycle/{shop}"))
    refused(steal(attacker.discovery_url, other), f"without agentcore-lifecycle/{thief}")
    secrets.tag_resource(
        SecretId=other, Tags=tagged("127.0.0.1", f"other/... x-agentcore-lifecycle/{thief}")
    )
    refused(
        steal(attacker.discovery_url, other),
        "which this stack may not look at (DescribeSecret: AccessDenied",
    )
    assert attacker.heard == []
    assert reads_of(aws) == before
    secrets.untag_resource(SecretId=victim, TagKeys=[HOST_TAG, ENVIRONMENTS_TAG])
    again = lifecycle.run({"environment": shop, "action": "smokeTest"})
    assert again.status == "SUCCEEDED", (again.error, again.cause)
    assert "echo of" in again.output["smokeTest"]["answer"]


def test_a_token_endpoint_elsewhere_gets_no_secret(
    lifecycle: Any, environment: Callable[[], str], tiny: dict[str, Any], attacker: Listener
) -> None:
    """The tag allows the provider's host, but its document sends the secret to another port of it."""
    aws, name = lifecycle.aws, environment()
    secret = aws.client("secretsmanager").create_secret(
        Name=f"their-own/{name}",
        SecretString=json.dumps({"clientId": "x", "clientSecret": "s3cret-of-theirs"}),
        Tags=tagged("127.0.0.1", f"agentcore-lifecycle/{name}"),
    )["ARN"]
    before = reads_of(aws)
    with listening() as elsewhere:
        attacker.token_endpoint = f"{elsewhere.url}/token"
        run = lifecycle.run(
            {
                "environment": name,
                "artifact": tiny,
                "auth": {
                    "type": "jwt",
                    "discoveryUrl": attacker.discovery_url,
                    "allowedClients": ["x"],
                    "tokenSecretArn": secret,
                },
            }
        )
        assert (run.status, run.error) == ("FAILED", "SmokeTestError")
        assert f"whose token_endpoint is at {elsewhere.url}" in run.cause
        assert elsewhere.heard == []
    # The provider is asked before anything is made, and by the smoke test; it never gets a secret.
    assert {request.split()[0] for request in attacker.heard} == {"GET"}
    assert reads_of(aws) == before
