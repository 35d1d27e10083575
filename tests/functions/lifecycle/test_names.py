"""Every name fits the service's limit, for the longest stack name and environment, and stays what it was if it fits."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any

import botocore.session
import pytest

from lifecycle import names

# Limits: CloudFormation API reference, CreateStack, StackName; the input's field `environment`.
STACK, ENVIRONMENT = "s" * 128, "e" * 24
HASH = "0" * 64
SESSION = botocore.session.get_session()
resource = names.resource_name


def client(flow: Any, probe: bool, stack: str, environment: str) -> str:
    return names.client_name(resource(stack, environment), flow, probe=probe)


CASES: list[Any] = [
    pytest.param("bedrock-agentcore-control", "GatewayName", names.gateway_name, id="gateway"),
    pytest.param("cognito-idp", "UserPoolNameType", resource, id="pool"),
    pytest.param("cognito-idp", "ResourceServerIdentifierType", resource, id="resource server"),
    pytest.param("cognito-idp", "ResourceServerNameType", resource, id="resource server's name"),
    *(
        pytest.param(
            "cognito-idp", "ClientNameType", partial(client, flow, probe), id=f"{flow}-{probe}"
        )
        for flow in ("password", "clientCredentials")
        for probe in (False, True)
    ),
    *(
        pytest.param(
            "secretsmanager",
            "NameType",
            lambda s, e, flow=flow: names.secret_name(s, e, flow),
            id=f"secret-{flow}",
        )
        for flow in ("password", "clientCredentials")
    ),
    pytest.param(
        "cognito-idp", "DomainType", lambda s, e: names.domain_prefix("1" * 12, s, e), id="domain"
    ),
    pytest.param("bedrock-agentcore-control", "AgentRuntimeName", names.runtime_name, id="runtime"),
    pytest.param(
        "bedrock-agentcore-control",
        "ClientToken",
        lambda s, e: names.client_token(s, e),
        id="token",
    ),
    pytest.param(
        "cognito-idp", "TagValueType", lambda s, e: names.tags(s, e)[names.STACK_TAG], id="tag"
    ),
]
# botocore's model gives a pattern (with its own length) or nothing for these.
OTHER_LIMITS = {"AgentRuntimeName": 48, "GatewayName": 48, "ObjectKey": 1024}


def limit(service: str, shape: str) -> int:
    found = SESSION.get_service_model(service).shape_for(shape).metadata.get("max")
    return int(found or OTHER_LIMITS[shape])


@pytest.mark.parametrize(("service", "shape", "name"), CASES)
def test_a_name_fits_and_is_its_own(
    service: str, shape: str, name: Callable[[str, str], str]
) -> None:
    longest = limit(service, shape)
    made = name(STACK, ENVIRONMENT)
    assert len(made) <= longest
    assert made == name(STACK, ENVIRONMENT)
    assert name(STACK, "e" * 23) != made or shape in ("TagValueType",)
    for length in range(1, 129):
        assert len(name("s" * length, ENVIRONMENT)) <= longest


def test_the_names_of_an_artifact_fit_and_begin_no_other() -> None:
    generation, build = "0" * 12, "0" * 36  # CodeBuild's ids are UUIDs
    tag = names.image_tag(HASH, generation)
    assert len(f"{tag}-{build}") <= limit("ecr", "ImageTag")
    keys = [
        names.source_key(HASH, generation),
        names.build_prefix(HASH, generation),
        names.package_key(HASH, generation),
    ]
    assert all(len(f"{key}{build}.zip") <= OTHER_LIMITS["ObjectKey"] for key in keys)
    # What is deleted is found by what its name begins with.
    assert [key.endswith((".zip", "/")) for key in keys] == [True] * 3
    assert not any(key.startswith(names.artifact_prefix("dev")) for key in keys)


@pytest.mark.parametrize("length", range(1, 104))
def test_a_name_that_fits_is_not_changed(length: int) -> None:
    stack = "s" * length
    whole = f"{stack}-{ENVIRONMENT}"
    assert resource(stack, ENVIRONMENT) == whole
    for flow, word in (("password", "password"), ("clientCredentials", "machine")):
        for probe, suffix in ((False, ""), (True, "-probe")):
            name = f"{whole}-{word}{suffix}"
            made = client(flow, probe, stack, ENVIRONMENT)
            assert (made == name) == (len(name) <= 128)


def test_the_clients_of_the_longest_names_differ() -> None:
    made = {
        client(flow, probe, stack, environment)
        for flow in ("password", "clientCredentials")
        for probe in (False, True)
        for stack in (STACK, "s" * 127 + "t")
        for environment in (ENVIRONMENT, "e" * 23 + "f")
    }
    assert len(made) == 16


@pytest.mark.parametrize(
    ("stack", "environment", "begins"),
    [
        ("agentcore-lifecycle", "dev", "agentcore-lifecycle-dev"),
        ("Agents", "dev", "agents-dev-"),
        ("a", "b--c", "a-b-c-"),
        ("a", "b-", "a-b-"),
        ("a", "b-c", "a-b-c-"),
        ("s" * 128, "dev", "s" * 39 + "-"),
        ("s" * 38 + "--x", "dev" * 8, "s" * 38 + "-"),
    ],
)
def test_a_gateways_name_is_one_that_agentcore_takes(
    stack: str, environment: str, begins: str
) -> None:
    name = names.gateway_name(stack, environment)
    model = SESSION.get_service_model("bedrock-agentcore-control")
    assert re.fullmatch(model.shape_for("GatewayName").metadata["pattern"], name)
    assert re.fullmatch(model.shape_for("GatewayId").metadata["pattern"], f"{name}-0123456789")
    assert name.startswith(begins)
    assert name.startswith(names.gateway_prefix(stack))
    assert name == begins or re.fullmatch(r"[0-9a-f]{8}", name.removeprefix(begins))


def test_gateways_of_names_that_look_alike_differ() -> None:
    pairs = [
        ("a", "b-c"),
        ("a", "b--c"),
        ("a", "b-c-"),
        ("A", "b-c"),
        ("a-b", "c"),
        ("a-b-c", "d"),
        ("a-b", "c-d"),
    ]
    assert len({names.gateway_name(*pair) for pair in pairs}) == len(pairs)
    assert names.gateway_name("a-b", "c") == "a-b-c"
