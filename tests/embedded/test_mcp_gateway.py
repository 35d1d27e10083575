"""An MCP gateway through the state machine: its tools answer, what somebody changes is named, and all of it goes."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from local.services.functions.spec import FunctionSpec
from tests.embedded.outbound import STACK, Owner
from tests.embedded.test_gateway import gateways_of
from tests.embedded.test_sign_in import request

pytestmark = pytest.mark.embedded
CODE = """
def handle(event, context):
    tool = context.client_context.custom["bedrockAgentCoreToolName"]
    return {"order": event.get("id"), "tool": tool, "state": "shipped"}
"""
TOOL = {
    "name": "get",
    "description": "Gets an order.",
    "inputSchema": {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]},
}
_TRUSTS_NOBODY = (
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", '
    '"Principal": {"Service": "ec2.amazonaws.com"}}]}'
)


@pytest.fixture(scope="session")
def orders(aws: Any, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A Lambda function of the account's own, which is no part of the stack."""
    folder = tmp_path_factory.mktemp("orders")
    (folder / "orders.py").write_text(CODE)
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        archive.writestr("orders.py", CODE)
    role = aws.client("iam").create_role(
        RoleName="tools-orders", AssumeRolePolicyDocument=_TRUSTS_NOBODY.replace("ec2", "lambda")
    )["Role"]["Arn"]
    made = aws.client("lambda").create_function(
        FunctionName="tools-orders",
        Role=role,
        Handler="orders.handle",
        Runtime="python3.13",
        Code={"ZipFile": body.getvalue()},
    )
    aws.functions.register(_spec(made["FunctionArn"], folder, role))
    return str(made["FunctionArn"])


def _spec(arn: str, folder: Path, role: str) -> FunctionSpec:
    return FunctionSpec(
        arn=arn,
        logical_id="ToolsOrders",
        name="tools-orders",
        handler="orders.handle",
        code=folder,
        role_arn=role,
        environment={},
        timeout=20,
        memory_mb=128,
        log_group="/aws/lambda/tools-orders",
        json_logs=False,
        log_level=None,
        opt=None,
        dead_letter_arn=None,
    )


def gateway(arn: str, **test: Any) -> dict[str, Any]:
    target = {"lambdaArn": arn, "toolSchema": {"inline": [TOOL]}}
    asked = {"tool": "orders___get", "arguments": {"id": "7"}, "expect": "shipped"} | test
    return {
        "gateway": {"type": "mcp", "targets": [{"name": "orders", "lambda": target}], "test": asked}
    }


def role_of(name: str) -> str:
    return f"agentcore-agentcore-lifecycle-{name}-gateway"


@pytest.mark.parametrize("way", ["password", "jwt", "iam"])
def test_a_function_is_a_tool_with_each_way_to_sign_in(
    lifecycle: Any,
    environment: Callable[[], str],
    tiny: dict[str, Any],
    auths: dict[str, dict[str, Any]],
    orders: str,
    way: str,
) -> None:
    name = environment()
    given = {**request(name, tiny, auths[way]), **gateway(orders)}
    plan = lifecycle.run({**given, "dryRun": True})
    assert plan.status == "SUCCEEDED", (plan.error, plan.cause)
    assert plan.output["plan"]["gateway"]["change"] == "create"
    run = lifecycle.run(given)
    assert run.status == "SUCCEEDED", (run.error, run.cause)
    told = run.output["gateway"]
    assert told["endpoint"].endswith("/mcp")
    assert all(check["passed"] for check in told["checks"])
    names = [check["name"] for check in told["checks"]]
    assert names[:2] == ["The gateway has the runtime's sign-in", "The gateway's targets are ready"]
    assert ("A call without a token is told how to sign in" in names) == (way != "iam")
    verified = lifecycle.run({"environment": name, "action": "smokeTest"})
    assert verified.status == "SUCCEEDED", (verified.error, verified.cause)
    gone = lifecycle.run({"environment": name, "action": "teardown"})
    assert gone.status == "SUCCEEDED", (gone.error, gone.cause)
    removed = gone.output["teardown"]["removed"]
    assert [each for each in removed if "role" in each] == [f"role {role_of(name)}"]
    assert gateways_of(lifecycle, name) == []
    assert lifecycle.leftovers(name) == {}


def test_a_wrong_trust_keeps_the_gate_closed_and_is_repaired_by_name(
    lifecycle: Any, environment: Callable[[], str], tiny: dict[str, Any], orders: str
) -> None:
    name = environment()
    given = {"environment": name, "artifact": tiny, **gateway(orders)}
    run = lifecycle.run(given)
    assert run.status == "SUCCEEDED", (run.error, run.cause)
    lifecycle.aws.client("iam").update_assume_role_policy(
        RoleName=role_of(name), PolicyDocument=_TRUSTS_NOBODY
    )
    seen = lifecycle.run({"environment": name, "action": "smokeTest"})
    assert seen.error == "GatewayTestError"
    assert "tool orders___get failed" in str(seen.cause)
    assert f"look at the trust policy of the gateway's role {role_of(name)}" in str(seen.cause)
    again = lifecycle.run(given)
    assert again.status == "SUCCEEDED", (again.error, again.cause)
    assert again.output["gateway"]["repaired"] == [
        f"the trust policy of role {role_of(name)} was changed"
    ]


def test_a_changed_schema_and_a_lost_target_are_repaired_by_name(
    lifecycle: Any, environment: Callable[[], str], tiny: dict[str, Any], orders: str
) -> None:
    name, control = environment(), lifecycle.aws.client("bedrock-agentcore-control")
    given = {"environment": name, "artifact": tiny, **gateway(orders)}
    run = lifecycle.run(given)
    assert run.status == "SUCCEEDED", (run.error, run.cause)
    which = {"gatewayIdentifier": run.output["gateway"]["id"]}
    (listed,) = control.list_gateway_targets(**which)["items"]
    which["targetId"] = listed["targetId"]
    target = control.get_gateway_target(**which)
    configuration = target["targetConfiguration"]
    schema = configuration["mcp"]["lambda"]["toolSchema"]
    schema["inlinePayload"] = [{**TOOL, "name": "drop"}]
    control.update_gateway_target(
        **which,
        name="orders",
        targetConfiguration=configuration,
        credentialProviderConfigurations=target["credentialProviderConfigurations"],
    )
    again = lifecycle.run(given)
    assert again.status == "SUCCEEDED", (again.error, again.cause)
    assert again.output["gateway"]["repaired"] == [
        "the configuration of the gateway's target orders was changed"
    ]
    control.delete_gateway_target(**which)
    again = lifecycle.run(given)
    assert again.status == "SUCCEEDED", (again.error, again.cause)
    assert again.output["gateway"]["repaired"] == ["the gateway's target orders was deleted"]


def test_a_function_that_the_stack_does_not_name_is_refused(
    lifecycle: Any, environment: Callable[[], str], tiny: dict[str, Any], orders: str
) -> None:
    other = orders.replace("tools-orders", "payroll")
    run = lifecycle.run({"environment": environment(), "artifact": tiny, **gateway(other)})
    assert run.error == "InvalidRequestError"
    assert "add it to the stack's parameter GatewayFunctions" in str(run.cause)


def test_the_environments_own_mcp_server_is_a_tool_for_iam(
    lifecycle: Any, environment: Callable[[], str], uploaded: Callable[..., dict[str, str]]
) -> None:
    name = environment()
    tool = {"tool": "agent___shout", "arguments": {"text": "hi"}, "expect": "HI"}
    run = lifecycle.run(
        {
            "environment": name,
            "artifact": {"source": uploaded("mcp")},
            "auth": {"type": "iam"},
            "runtime": {"protocol": "MCP"},
            "smokeTest": {"prompt": json.dumps({"tool": "shout", "arguments": {"text": "hi"}})},
            "gateway": {
                "type": "mcp",
                "targets": [{"name": "agent", "runtime": True}],
                "test": tool,
            },
        }
    )
    assert run.status == "SUCCEEDED", (run.error, run.cause)
    assert all(check["passed"] for check in run.output["gateway"]["checks"])


def _document(url: str) -> str:
    operation = {
        "operationId": "key",
        "summary": "Says whether the key is right.",
        "responses": {"200": {"description": "It says."}},
    }
    return json.dumps(
        {
            "openapi": "3.0.3",
            "info": {"title": "Keys", "version": "1"},
            "servers": [{"url": url}],
            "paths": {"/bearer": {"get": operation}},
        }
    )


def test_a_rest_api_and_somebody_elses_server_are_called_with_credentials(
    lifecycle: Any,
    environment: Callable[[], str],
    tiny: dict[str, Any],
    auths: dict[str, dict[str, Any]],
    uploaded: Callable[..., dict[str, str]],
    owner: Owner,
) -> None:
    theirs, mine = environment(), environment()
    server = lifecycle.run(
        {
            "environment": theirs,
            "artifact": {"source": uploaded("mcp")},
            "auth": auths["jwt"],
            "runtime": {"protocol": "MCP"},
            "smokeTest": {"prompt": json.dumps({"tool": "shout", "arguments": {"text": "hi"}})},
        }
    )
    assert server.status == "SUCCEEDED", (server.error, server.cause)
    arn = quote(server.output["runtime"]["arn"], safe="")
    host = f"https://bedrock-agentcore.{lifecycle.aws.region}.amazonaws.com"
    endpoint = f"{host}/runtimes/{arn}/invocations?qualifier=live"
    key, token = owner.credentials(mine)
    owner.api.provider.clients["somebody"] = owner.client_secret
    given: dict[str, Any] = {
        "environment": mine,
        "artifact": tiny,
        "credentials": [key, {**token, "clientId": "somebody", "scopes": ["agents/invoke"]}],
        "gateway": {
            "type": "mcp",
            "targets": [
                {"name": "theirs", "mcpServer": {"endpoint": endpoint}, "credential": "orders"},
                {
                    "name": "keys",
                    "openApi": {"inline": _document(owner.api.url)},
                    "credential": "weather",
                    "header": "Authorization",
                    "scheme": "Bearer",
                },
            ],
            "test": {"tool": "theirs___shout", "arguments": {"text": "hi"}, "expect": "HI"},
        },
    }
    run = lifecycle.run(given)
    assert run.status == "SUCCEEDED", (run.error, run.cause)
    assert all(check["passed"] for check in run.output["gateway"]["checks"])
    given["gateway"]["test"] = {"tool": "keys___key", "expect": "right key"}
    again = lifecycle.run(given)
    assert again.status == "SUCCEEDED", (again.error, again.cause)
    assert again.output["gateway"]["change"] == "unchanged"

    # The owner takes the secret back: nothing is called with it any more.
    lifecycle.aws.client("secretsmanager").tag_resource(
        SecretId=key["secretArn"],
        Tags=[{"Key": f"{STACK}:credential-environments", "Value": f"{STACK}/{theirs}"}],
    )
    refused = lifecycle.run(given)
    assert refused.error == "InvalidRequestError"
    assert "credentials.0.secretArn" in str(refused.cause)

    gone = lifecycle.run({"environment": mine, "action": "teardown"})
    assert gone.status == "SUCCEEDED", (gone.error, gone.cause)
    assert lifecycle.leftovers(mine) == {}
