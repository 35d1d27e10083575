"""Deploy the runtime: what is asked for is what the service gets, and an update loses nothing."""

import os
from pathlib import Path
from typing import Any

import pytest

from lifecycle.errors import (
    ArtifactBuildError,
    ArtifactChangeError,
    AwsCallError,
    InvalidRequestError,
    RoleNotReadyError,
)
from lifecycle.runtime.readiness import check_runtime
from lifecycle.sections.identity import IdentityRecord
from local.edge.faults import Fault

CONTROL = "bedrock-agentcore-control"
FULL = {
    "runtime": {
        "protocol": "MCP",
        "environmentVariables": {
            "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_REGION": "eu-central-1",
            "COLOUR": "red",
            "MODEL_ID": "theirs",
        },
        "network": {"subnets": ["subnet-12345678"], "securityGroups": ["sg-12345678"]},
        "idleTimeoutSeconds": 300,
        "maxLifetimeSeconds": 7200,
        "requestHeaders": ["Authorization", "X-Amzn-Bedrock-AgentCore-Runtime-Custom-One"],
        "description": "an agent",
    },
    "tags": {"team": "a"},
}


def test_every_option_reaches_the_service(world: Any) -> None:
    world.provision("one", FULL)
    detail = world.detail()
    assert detail["agentRuntimeName"] == "stack_dev"
    assert detail["protocolConfiguration"] == {"serverProtocol": "MCP"}
    assert detail["environmentVariables"] == FULL["runtime"]["environmentVariables"]  # type: ignore[index]
    assert detail["networkConfiguration"]["networkMode"] == "VPC"
    assert detail["networkConfiguration"]["networkModeConfig"]["subnets"] == ["subnet-12345678"]
    assert detail["lifecycleConfiguration"] == {
        "idleRuntimeSessionTimeout": 300,
        "maxLifetime": 7200,
    }
    headers = detail["requestHeaderConfiguration"]["requestHeaderAllowlist"]
    assert headers == FULL["runtime"]["requestHeaders"]  # type: ignore[index]
    assert detail["description"] == "an agent"
    tags = {
        "agentcore-lifecycle:stack": "stack",
        "agentcore-lifecycle:environment": "dev",
        "team": "a",
    }
    assert world.only_runtime().tags == tags
    assert world.only_runtime().endpoints["live"].tags == tags


def test_options_that_are_taken_back_are_gone(world: Any) -> None:
    world.provision("one", FULL)
    deployed = world.provision("two", {"runtime": {"protocol": "MCP"}})
    assert (deployed.change, deployed.repaired) == ("updated", [])
    detail = world.detail()
    assert set(detail["environmentVariables"]) == {"AWS_DEFAULT_REGION", "AWS_REGION", "MODEL_ID"}
    assert detail["networkConfiguration"] == {"networkMode": "PUBLIC"}
    assert detail["lifecycleConfiguration"] == {
        "idleRuntimeSessionTimeout": 900,
        "maxLifetime": 28800,
    }
    assert "requestHeaderConfiguration" not in detail
    assert "team" not in world.only_runtime().tags
    assert detail["authorizerConfiguration"]["customJWTAuthorizer"]["allowedClients"] == ["client1"]


def test_what_the_lifecycle_does_not_manage_survives_an_update(world: Any) -> None:
    world.provision("one")
    detail = world.detail()
    mine = {
        "filesystemConfigurations": [{"sessionStorage": {"mountPath": "/mnt/data"}}],
        "allowedPorts": [{"port": 9001}],
    }
    kept = ("agentRuntimeArtifact", "roleArn", "networkConfiguration", "authorizerConfiguration")
    more = (
        "environmentVariables",
        "lifecycleConfiguration",
        "protocolConfiguration",
        "description",
    )
    world.control.update_agent_runtime(
        agentRuntimeId=world.only_runtime().id,
        **{name: detail[name] for name in (*kept, *more)},
        **mine,
        metadataConfiguration={"requireMMDSV2": True},
    )
    world.pass_(5)
    world.provision("two", {"runtime": {"description": "changed"}})
    detail = world.detail()
    assert detail["description"] == "changed"
    assert {name: detail[name] for name in mine} == mine
    assert detail["metadataConfiguration"] == {"requireMMDSV2": True}


@pytest.mark.parametrize(
    ("requirements", "entry_point"),
    [
        (None, ["main.py"]),
        ("httpx==1.0\n# aws-opentelemetry-distro would be too much\n", ["main.py"]),
        (
            "httpx==1.0\naws-opentelemetry-distro==0.21.0 \\\n",
            ["opentelemetry-instrument", "main.py"],
        ),
        ("  OpenTelemetry-Instrumentation>=0.50\n", ["opentelemetry-instrument", "main.py"]),
    ],
)
def test_code_runs_from_its_pinned_zip_instrumented_if_it_can_be(
    world: Any, requirements: str | None, entry_point: list[str]
) -> None:
    if requirements is not None:
        folder = Path(os.environ["AGENT_SOURCE_DIR"])
        (folder / "requirements.txt").write_text(requirements, encoding="utf-8")
    world.provision("one", {"artifact": {"type": "code"}})
    artifact = world.record().artifact
    assert world.detail()["agentRuntimeArtifact"] == {
        "codeConfiguration": {
            "code": {
                "s3": {
                    "bucket": "artifacts",
                    "prefix": artifact.key,
                    "versionId": artifact.version_id,
                }
            },
            "runtime": "PYTHON_3_13",
            "entryPoint": entry_point,
        }
    }


@pytest.mark.parametrize(
    ("auth", "wanted"),
    [
        ({"type": "iam"}, None),
        (
            {
                "type": "jwt",
                "discoveryUrl": "https://id.example.com/.well-known/openid-configuration",
                "allowedClients": ["a"],
                "allowedAudience": ["b"],
                "allowedScopes": ["c"],
                "tokenSecretArn": "arn:aws:secretsmanager:us-west-2:123456789012:secret:s",
            },
            {
                "discoveryUrl": "https://id.example.com/.well-known/openid-configuration",
                "allowedClients": ["a"],
                "allowedAudience": ["b"],
                "allowedScopes": ["c"],
            },
        ),
    ],
)
def test_switching_the_way_to_sign_in_changes_the_authorizer_and_back(
    world: Any, auth: dict[str, Any], wanted: dict[str, Any] | None
) -> None:
    world.provision("one")
    assert world.provision("two", {"auth": auth}).change == "updated"
    seen = world.detail().get("authorizerConfiguration")
    assert seen == (None if wanted is None else {"customJWTAuthorizer": wanted})
    assert world.provision("three").change == "updated"
    seen = world.detail()["authorizerConfiguration"]["customJWTAuthorizer"]
    assert seen["allowedClients"] == ["client1"]
    assert "allowedAudience" not in seen


def test_machine_to_machine_wants_client_and_scope(world: Any) -> None:
    world.begin("one", {"auth": {"flow": "clientCredentials"}})
    identity = IdentityRecord(
        type="cognito",
        flow="clientCredentials",
        client_id="machine",
        scope="stack/invoke",
        discovery_url="https://cognito.example.com/pool/.well-known/openid-configuration",
    )
    world.records.update("dev", world.execution, identity=identity)
    world.build()
    world.deploy()
    seen = world.detail()["authorizerConfiguration"]["customJWTAuthorizer"]
    assert (seen["allowedClients"], seen["allowedScopes"]) == (["machine"], ["stack/invoke"])


def test_without_the_identity_nothing_is_deployed(world: Any) -> None:
    world.begin("one")
    world.build()
    world.records.update("dev", world.execution, identity=None)
    with pytest.raises(AwsCallError, match="identity"):
        world.deploy()
    assert world.store.runtimes == {}


def test_without_the_artifact_nothing_is_deployed(world: Any) -> None:
    world.begin("one")
    world.publish()
    with pytest.raises(ArtifactBuildError):
        world.deploy()
    assert world.store.runtimes == {}


def test_a_young_role_heals(world: Any) -> None:
    world.begin("one")
    world.build()
    world.role["ready"] = False
    with pytest.raises(RoleNotReadyError):
        world.deploy()
    world.role["ready"] = True
    assert world.deploy().change == "created"


def test_another_refusal_does_not_heal(world: Any) -> None:
    from botocore.exceptions import ClientError

    world.begin("one", {"tags": {"a": "b"}})
    world.build()
    world.store.quotas.runtimes = 0
    with pytest.raises(ClientError, match="limit of agent runtimes"):
        world.deploy()


def test_a_runtime_of_our_name_that_is_not_ours_is_left_alone(world: Any) -> None:
    world.begin("one")
    world.build()
    theirs = world.control.create_agent_runtime(
        agentRuntimeName="stack_dev",
        agentRuntimeArtifact={
            "containerConfiguration": {"containerUri": "public.ecr.aws/them/agent:v1"}
        },
        roleArn="arn:aws:iam::123456789012:role/theirs",
        tags={"agentcore-lifecycle:stack": "another"},
    )
    with pytest.raises(InvalidRequestError, match=theirs["agentRuntimeArn"]):
        world.deploy()
    assert world.only_runtime().next_version == 2


def test_container_and_code_are_not_swapped(world: Any) -> None:
    world.provision("one")
    world.begin("two", {"artifact": {"type": "code"}})
    world.build()
    with pytest.raises(ArtifactChangeError, match="'container'"):
        world.deploy()
    assert list(world.only_runtime().versions) == ["1"]


def test_a_change_while_it_is_busy_is_made_afterwards(world: Any) -> None:
    world.begin("one")
    world.build()
    world.deploy()
    world.begin("two", {"runtime": {"description": "newer"}})
    world.publish()
    deployed = world.deploy()
    assert deployed.change == "pending"
    assert world.check().redeploy is False
    assert world.loop(check_runtime).done
    assert world.detail()["description"] == "newer"
    assert list(world.only_runtime().versions) == ["1", "2"]


def test_a_runtime_that_never_came_up_is_made_anew(world: Any) -> None:
    world.begin("one")
    world.build()
    world.faults.add(Fault(CONTROL, "CreateAgentRuntime", "failureState", reason="no capacity"))
    first = world.deploy().runtime.id
    world.pass_(10)
    world.begin("two")
    world.publish()
    assert world.deploy().change == "pending"
    result = world.loop(check_runtime)
    assert result.runtime.id != first
    assert list(world.store.runtimes) == [result.runtime.id]
    assert world.record().runtime.deployment.change == "created"


def test_a_runtime_whose_update_failed_is_updated_again(world: Any) -> None:
    world.provision("one")
    world.begin("two", {"runtime": {"description": "new"}})
    world.publish()
    world.faults.add(Fault(CONTROL, "UpdateAgentRuntime", "failureState", reason="bad image"))
    world.deploy()
    world.pass_(10)
    deployed = world.provision("three", {"runtime": {"description": "new"}})
    assert (deployed.change, deployed.repaired) == ("updated", [])
    assert world.record().runtime.live_version == "3"


def test_no_value_of_the_environment_is_in_runtime_section_or_answer(world: Any) -> None:
    value = "a-value-of-the-caller"
    request = {"runtime": {"environmentVariables": {"KEY": value}}}
    deployed = world.provision("one", request)
    assert value not in deployed.model_dump_json()
    assert value not in world.record().runtime.model_dump_json()


def test_a_second_create_of_one_execution_has_a_token_of_its_own(world: Any) -> None:
    tokens: list[str] = []

    def note(params: dict[str, Any], **_: object) -> None:
        tokens.append(params["clientToken"])

    event = "before-parameter-build.bedrock-agentcore-control.CreateAgentRuntime"
    world.control.meta.events.register(event, note)
    world.begin("one")
    world.build()
    world.faults.add(Fault(CONTROL, "CreateAgentRuntime", "failureState"))
    world.deploy()
    world.pass_(10)
    world.deploy()
    world.loop(check_runtime)
    world.control.meta.events.unregister(event, note)
    assert len(set(tokens)) == len(tokens) == 2
