"""Gateways and their targets from create to gone, on a clock that the test moves."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from local.edge.faults import Fault
from tests.local.agentcore.conftest import ACCOUNT, REGION, ROLE

if TYPE_CHECKING:
    from tests.local.agentcore.conftest import World

CONTROL = "bedrock-agentcore-control"
JWT = {
    "customJWTAuthorizer": {
        "discoveryUrl": "https://idp.example.com/.well-known/openid-configuration",
        "allowedClients": ["client"],
    }
}
LAMBDA = {
    "mcp": {
        "lambda": {
            "lambdaArn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:tools",
            "toolSchema": {
                "inlinePayload": [
                    {"name": "add", "description": "Adds.", "inputSchema": {"type": "object"}}
                ]
            },
        }
    }
}
INTERCEPTOR = {
    "interceptor": {"lambda": {"arn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:tools"}},
    "interceptionPoints": ["REQUEST"],
}
OF_ROLE = [{"credentialProviderType": "GATEWAY_IAM_ROLE"}]


def refused(code: str, call: Any, **request: Any) -> str:
    """Return the message of the error that a call is answered with."""
    with pytest.raises(ClientError) as raised:
        call(**request)
    assert raised.value.response["Error"]["Code"] == code
    return str(raised.value.response["Error"]["Message"])


def request(name: str = "Front-door", **more: Any) -> dict[str, Any]:
    return {"name": name, "roleArn": ROLE, "authorizerType": "AWS_IAM", **more}


def token(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def later(world: World) -> None:
    world.clock.pass_(world.core.delays.gateway)


def ready(world: World, **more: Any) -> str:
    """Create a gateway, let it become READY, and return its id."""
    made = world.control.create_gateway(**request(**more))
    later(world)
    return str(made["gatewayId"])


def runtime_target(arn: str, endpoint: str | None = None, name: str = "live") -> dict[str, Any]:
    settings = {"arn": arn} | ({"qualifier": endpoint} if endpoint else {})
    return {
        "name": name,
        "targetConfiguration": {"http": {"agentcoreRuntime": settings}},
        "credentialProviderConfigurations": [{"credentialProviderType": "JWT_PASSTHROUGH"}],
    }


def gateway_status(world: World, gateway_id: str) -> str:
    return str(world.control.get_gateway(gatewayIdentifier=gateway_id)["status"])


def target_status(world: World, gateway_id: str, target_id: str) -> str:
    found = world.control.get_gateway_target(gatewayIdentifier=gateway_id, targetId=target_id)
    return str(found["status"])


def test_a_gateway_takes_its_time_and_has_an_id_in_lower_case(world: World) -> None:
    made = world.control.create_gateway(
        **request(description="why", tags={"owner": "me"}, clientToken=token("a"))
    )
    gateway_id = made["gatewayId"]
    assert made["status"] == "CREATING"
    assert gateway_id.startswith("front-door-")
    assert made["gatewayArn"].endswith(f":gateway/{gateway_id}")
    assert made["gatewayUrl"].endswith(f"/_gateways/{gateway_id}")
    assert made["workloadIdentityDetails"]["workloadIdentityArn"].endswith(gateway_id)
    world.clock.pass_(world.core.delays.gateway - 0.1)
    assert gateway_status(world, gateway_id) == "CREATING"
    world.clock.pass_(0.1)
    found = world.control.get_gateway(gatewayIdentifier=gateway_id)
    assert (found["status"], found["name"]) == ("READY", "Front-door")
    assert (found["description"], found["authorizerType"]) == ("why", "AWS_IAM")
    assert "tags" not in found
    [listed] = world.control.list_gateways()["items"]
    assert (listed["gatewayId"], listed["status"]) == (gateway_id, "READY")


def test_an_mcp_gateway_has_a_path_of_its_own(world: World) -> None:
    made = world.control.create_gateway(**request(protocolType="MCP"))
    assert made["gatewayUrl"].endswith(f"/_gateways/{made['gatewayId']}/mcp")


def test_lists_come_in_pages(world: World) -> None:
    names = [f"gateway-{number}" for number in range(3)]
    for name in names:
        world.control.create_gateway(**request(name))
    first = world.control.list_gateways(maxResults=2)
    rest = world.control.list_gateways(maxResults=2, nextToken=first["nextToken"])
    assert [entry["name"] for entry in first["items"] + rest["items"]] == names
    assert "nextToken" not in rest


def test_the_same_client_token_makes_one_gateway(world: World) -> None:
    made = world.control.create_gateway(**request(clientToken=token("a")))
    again = world.control.create_gateway(**request(clientToken=token("a")))
    assert again["gatewayId"] == made["gatewayId"]
    refused(
        "ValidationException",
        world.control.create_gateway,
        **request(description="other", clientToken=token("a")),
    )
    assert "'Front-door'" in refused(
        "ConflictException", world.control.create_gateway, **request(clientToken=token("b"))
    )


def test_a_client_token_of_a_deleted_gateway_is_forgotten_or_kept(world: World) -> None:
    gateway_id = ready(world, clientToken=token("a"))
    world.control.delete_gateway(gatewayIdentifier=gateway_id)
    later(world)
    again = world.control.create_gateway(**request(clientToken=token("a")))
    assert again["gatewayId"] != gateway_id
    later(world)
    world.readings.change({"client-tokens": "kept"})
    world.control.delete_gateway(gatewayIdentifier=again["gatewayId"])
    later(world)
    kept = world.control.create_gateway(**request(clientToken=token("a")))
    assert kept["gatewayId"] == again["gatewayId"]
    assert world.control.list_gateways()["items"] == []


def test_an_update_replaces_everything_but_the_name(world: World) -> None:
    gateway_id = ready(world, description="why", exceptionLevel="DEBUG")
    changed = request(authorizerType="CUSTOM_JWT", authorizerConfiguration=JWT)
    answer = world.control.update_gateway(gatewayIdentifier=gateway_id, **changed)
    assert answer["status"] == "UPDATING"
    refused(
        "ConflictException", world.control.update_gateway, gatewayIdentifier=gateway_id, **changed
    )
    later(world)
    found = world.control.get_gateway(gatewayIdentifier=gateway_id)
    assert found["status"] == "READY"
    assert found["authorizerConfiguration"] == JWT
    assert "description" not in found
    assert "exceptionLevel" not in found
    for other in ({"name": "other"}, {"protocolType": "MCP"}):
        refused(
            "ValidationException",
            world.control.update_gateway,
            **{"gatewayIdentifier": gateway_id, **changed, **other},
        )


@pytest.mark.parametrize(
    ("operation", "status"),
    [
        ("CreateGateway", "FAILED"),
        ("UpdateGateway", "UPDATE_UNSUCCESSFUL"),
        ("DeleteGateway", "FAILED"),
    ],
)
def test_a_change_of_a_gateway_can_fail_and_says_why(
    world: World, operation: str, status: str
) -> None:
    world.faults.add(Fault(CONTROL, operation, "failureState", reason="no capacity today"))
    gateway_id = ready(world)
    if operation == "UpdateGateway":
        world.control.update_gateway(gatewayIdentifier=gateway_id, **request(description="new"))
    if operation == "DeleteGateway":
        world.control.delete_gateway(gatewayIdentifier=gateway_id)
    later(world)
    found = world.control.get_gateway(gatewayIdentifier=gateway_id)
    assert (found["status"], found["statusReasons"]) == (status, ["no capacity today"])
    assert "description" not in found
    world.control.delete_gateway(gatewayIdentifier=gateway_id)
    later(world)
    refused("ResourceNotFoundException", world.control.get_gateway, gatewayIdentifier=gateway_id)


def test_a_gateway_with_targets_is_not_deleted_also_while_they_are_deleting(world: World) -> None:
    gateway_id = ready(world)
    runtime = world.ready()
    target = world.control.create_gateway_target(
        gatewayIdentifier=gateway_id, **runtime_target(runtime["agentRuntimeArn"])
    )
    later(world)
    delete = world.control.delete_gateway
    said = refused("ValidationException", delete, gatewayIdentifier=gateway_id)
    assert "has targets associated" in said
    gone = world.control.delete_gateway_target(
        gatewayIdentifier=gateway_id, targetId=target["targetId"]
    )
    assert gone["status"] == "DELETING"
    assert target_status(world, gateway_id, target["targetId"]) == "DELETING"
    refused("ValidationException", delete, gatewayIdentifier=gateway_id)
    later(world)
    refused(
        "ResourceNotFoundException",
        world.control.get_gateway_target,
        gatewayIdentifier=gateway_id,
        targetId=target["targetId"],
    )
    assert delete(gatewayIdentifier=gateway_id)["status"] == "DELETING"
    refused("ConflictException", delete, gatewayIdentifier=gateway_id)
    later(world)
    refused("ResourceNotFoundException", delete, gatewayIdentifier=gateway_id)


def test_a_target_is_made_changed_and_listed(world: World) -> None:
    gateway_id, runtime = ready(world), world.ready()
    arn = runtime["agentRuntimeArn"]
    made = world.control.create_gateway_target(
        gatewayIdentifier=gateway_id, clientToken=token("t"), **runtime_target(arn)
    )
    assert (made["status"], made["protocolType"]) == ("CREATING", "HTTP")
    again = world.control.create_gateway_target(
        gatewayIdentifier=gateway_id, clientToken=token("t"), **runtime_target(arn)
    )
    assert again["targetId"] == made["targetId"]
    later(world)
    refused(
        "ConflictException",
        world.control.create_gateway_target,
        gatewayIdentifier=gateway_id,
        **runtime_target(arn),
    )
    changed = runtime_target(arn, "DEFAULT") | {
        "credentialProviderConfigurations": [{"credentialProviderType": "CALLER_IAM_CREDENTIALS"}]
    }
    world.control.update_gateway_target(
        gatewayIdentifier=gateway_id, targetId=made["targetId"], **changed
    )
    later(world)
    found = world.control.get_gateway_target(
        gatewayIdentifier=gateway_id, targetId=made["targetId"]
    )
    assert found["status"] == "READY"
    assert found["targetConfiguration"]["http"]["agentcoreRuntime"]["qualifier"] == "DEFAULT"
    [listed] = world.control.list_gateway_targets(gatewayIdentifier=gateway_id)["items"]
    assert (listed["name"], listed["targetType"]) == ("live", "AGENTCORE_RUNTIME")


@pytest.mark.parametrize("endpoint", [None, "live"])
def test_a_target_without_its_runtime_or_endpoint_fails_or_waits(
    world: World, endpoint: str | None
) -> None:
    gateway_id, runtime = ready(world), world.ready()
    arn = runtime["agentRuntimeArn"] if endpoint else f"{runtime['agentRuntimeArn'][:-1]}_"
    arn = arn.replace("_", "0")
    wanted = {"failed": "FAILED", "ready": "READY"}
    for reading, status in wanted.items():
        world.readings.change({"unreachable-target": reading})
        made = world.control.create_gateway_target(
            gatewayIdentifier=gateway_id, **runtime_target(arn, endpoint, name=reading)
        )
        later(world)
        found = world.control.get_gateway_target(
            gatewayIdentifier=gateway_id, targetId=made["targetId"]
        )
        assert found["status"] == status
        assert ("statusReasons" in found) is (reading == "failed")


@pytest.mark.parametrize("value", ["forgotten", "kept"])
def test_a_client_token_of_a_deleted_target(world: World, value: str) -> None:
    world.readings.change({"client-tokens": value})
    gateway_id, runtime = ready(world), world.ready()
    wanted = {
        "gatewayIdentifier": gateway_id,
        "clientToken": token("t"),
        **runtime_target(runtime["agentRuntimeArn"]),
    }
    made = world.control.create_gateway_target(**wanted)
    later(world)
    world.control.delete_gateway_target(gatewayIdentifier=gateway_id, targetId=made["targetId"])
    later(world)
    again = world.control.create_gateway_target(**wanted)
    assert (again["targetId"] == made["targetId"]) is (value == "kept")


def test_http_targets_are_not_for_mcp_gateways(world: World) -> None:
    gateway_id, runtime = ready(world, protocolType="MCP"), world.ready()
    said = refused(
        "ValidationException",
        world.control.create_gateway_target,
        gatewayIdentifier=gateway_id,
        **runtime_target(runtime["agentRuntimeArn"]),
    )
    assert "protocolType MCP" in said


@pytest.mark.parametrize("kind", ["JWT_PASSTHROUGH", "CALLER_IAM_CREDENTIALS", "API_KEY", None])
def test_a_lambda_target_takes_the_gateways_role_alone(world: World, kind: str | None) -> None:
    gateway_id = ready(world, protocolType="MCP")
    credentials = {"credentialProviderConfigurations": [{"credentialProviderType": kind}]}
    said = refused(
        "ValidationException",
        world.control.create_gateway_target,
        gatewayIdentifier=gateway_id,
        name="tools",
        targetConfiguration=LAMBDA,
        **(credentials if kind else {}),
    )
    assert "GATEWAY_IAM_ROLE" in said
    made = world.control.create_gateway_target(
        gatewayIdentifier=gateway_id,
        name="tools",
        targetConfiguration=LAMBDA,
        credentialProviderConfigurations=OF_ROLE,
    )
    later(world)
    assert target_status(world, gateway_id, made["targetId"]) == "READY"


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"authorizerType": "CUSTOM_JWT"}, "authorizerConfiguration"),
        ({"authorizerConfiguration": JWT}, "authorizerConfiguration"),
        ({"authorizerType": "NONE"}, "authorizerType NONE"),
        ({"protocolConfiguration": {"mcp": {}}}, "protocolConfiguration"),
        ({"roleArn": f"{ROLE}-gone"}, "does not exist"),
        ({"interceptorConfigurations": [INTERCEPTOR]}, "interceptorConfigurations"),
        ({"tags": {"aws:x": "y"}}, "aws:"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_not_possible_or_not_served_is_refused_by_name(
    world: World, more: dict[str, Any], named: str
) -> None:
    said = refused("ValidationException", world.control.create_gateway, **request(**more))
    assert named in said


def test_a_target_of_another_kind_is_not_served(world: World) -> None:
    gateway_id = ready(world, protocolType="MCP")
    model = {"mcp": {"smithyModel": {"inlinePayload": "{}"}}}
    said = refused(
        "ValidationException",
        world.control.create_gateway_target,
        gatewayIdentifier=gateway_id,
        name="model",
        targetConfiguration=model,
    )
    assert said == "This local AWS does not serve gateway targets of the kind mcp.smithyModel."
    said = refused(
        "ValidationException",
        world.control.create_gateway_target,
        gatewayIdentifier=ready(world, name="http"),
        name="server",
        targetConfiguration={"mcp": {"mcpServer": {"endpoint": "https://example.com/mcp"}}},
    )
    assert "mcp.mcpServer on a gateway without protocolType" in said


def test_a_gateway_has_tags(world: World) -> None:
    gateway_id = ready(world, tags={"owner": "me"})
    arn = world.control.get_gateway(gatewayIdentifier=gateway_id)["gatewayArn"]
    world.control.tag_resource(resourceArn=arn, tags={"stage": "test"})
    world.control.untag_resource(resourceArn=arn, tagKeys=["owner"])
    assert world.control.list_tags_for_resource(resourceArn=arn)["tags"] == {"stage": "test"}
    assert (arn, {"stage": "test"}) in world.core.tagged_resources()


def test_five_changes_a_second_and_five_targets_at_once(world: World) -> None:
    world.core.quotas.gateway_mutations_per_second = 5
    for number in range(5):
        world.control.create_gateway(**request(f"gateway-{number}"))
    refused("ThrottlingException", world.control.create_gateway, **request("gateway-5"))
    later(world)
    gateway_id = world.control.list_gateways()["items"][0]["gatewayId"]
    world.core.quotas.gateway_mutations_per_second = 100
    arn = world.ready()["agentRuntimeArn"]
    for number in range(5):
        world.control.create_gateway_target(
            gatewayIdentifier=gateway_id, **runtime_target(arn, name=f"t{number}")
        )
    refused(
        "ThrottlingException",
        world.control.create_gateway_target,
        gatewayIdentifier=gateway_id,
        **runtime_target(arn, name="t5"),
    )


@pytest.mark.parametrize("value", ["prompt", "late"])
def test_the_list_of_targets_and_what_a_gateway_counts(world: World, value: str) -> None:
    world.readings.change({"target-list": value})
    gateway_id, runtime = ready(world), world.ready()
    which = {"gatewayIdentifier": gateway_id}

    def shown() -> list[str]:
        return [item["targetId"] for item in world.control.list_gateway_targets(**which)["items"]]

    late = value == "late"
    made = world.control.create_gateway_target(
        **which, **runtime_target(runtime["agentRuntimeArn"])
    )["targetId"]
    assert shown() == ([] if late else [made])
    world.clock.pass_(10)
    assert shown() == [made]
    world.control.delete_gateway_target(**which, targetId=made)
    later(world)
    refused("ResourceNotFoundException", world.control.get_gateway_target, **which, targetId=made)
    assert shown() == ([made] if late else [])
    if late:
        world.clock.pass_(4)
        assert shown() == []
        refused("ValidationException", world.control.delete_gateway, **which)
        world.clock.pass_(4)
    world.control.delete_gateway(**which)
