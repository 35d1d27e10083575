"""Workload identities: those that are created, and the one that each runtime has of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from local.agentcore.data.identity.workload_tokens import LIFE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.local.agentcore.conftest import World

DIRECTORY = "arn:aws:bedrock-agentcore:us-west-2:123456789012:workload-identity-directory/default"


def refused(call: Callable[..., Any], **members: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as raised:
        call(**members)
    error = raised.value.response["Error"]
    return error["Code"], error["Message"]


def test_from_create_to_gone(world: World) -> None:
    control, urls = world.control, ["https://example.com/back"]
    made = control.create_workload_identity(name="one", tags={"team": "a"})
    arn = f"{DIRECTORY}/workload-identity/one"
    assert (made["name"], made["workloadIdentityArn"]) == ("one", arn)
    assert control.list_tags_for_resource(resourceArn=arn)["tags"] == {"team": "a"}
    control.tag_resource(resourceArn=arn, tags={"more": "b"})
    assert (arn, {"team": "a", "more": "b"}) in world.core.tagged_resources()
    world.clock.pass_(5)
    changed = control.update_workload_identity(name="one", allowedResourceOauth2ReturnUrls=urls)
    assert changed["lastUpdatedTime"] > changed["createdTime"]
    assert control.get_workload_identity(name="one")["allowedResourceOauth2ReturnUrls"] == urls
    assert refused(control.create_workload_identity, name="one") == (
        "ValidationException",
        "WorkloadIdentity with name 'one' already exists.",
    )
    deleted = control.delete_workload_identity(name="one")
    assert deleted["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert control.list_workload_identities()["workloadIdentities"] == []
    for call in (control.get_workload_identity, control.delete_workload_identity):
        assert refused(call, name="one")[0] == "ResourceNotFoundException"


def test_lists_have_pages(world: World) -> None:
    for number in range(25):
        world.control.create_workload_identity(name=f"identity-{number}")
    first = world.control.list_workload_identities()
    assert len(first["workloadIdentities"]) == 20
    rest = world.control.list_workload_identities(nextToken=first["nextToken"])
    assert len(rest["workloadIdentities"]) == 5
    assert "nextToken" not in rest


def test_the_identity_of_a_runtime_comes_and_goes_with_it(world: World) -> None:
    runtime = world.ready()
    name = runtime["agentRuntimeId"]
    arn = runtime["workloadIdentityDetails"]["workloadIdentityArn"]
    (listed,) = world.control.list_workload_identities()["workloadIdentities"]
    assert listed == {"name": name, "workloadIdentityArn": arn}
    linked = "WorkloadIdentity is linked to a service and cannot"
    assert refused(world.control.delete_workload_identity, name=name) == (
        "ValidationException",
        f"{linked} be deleted by the caller.",
    )
    for call, more in (
        (world.data.get_workload_access_token, {}),
        (world.data.get_workload_access_token_for_user_id, {"userId": "ann"}),
        (world.data.get_workload_access_token_for_jwt, {"userToken": "a.b.c"}),
    ):
        assert refused(call, workloadName=name, **more) == (
            "ValidationException",
            f"{linked} retrieve an access token by the caller.",
        )
    world.control.delete_agent_runtime(agentRuntimeId=name)
    world.clock.pass_(world.core.delays.delete)
    assert refused(world.control.get_workload_identity, name=name)[0] == "ResourceNotFoundException"


def test_tokens_are_opaque_and_end(world: World) -> None:
    control, data = world.control, world.data
    control.create_workload_identity(name="one")
    control.create_api_key_credential_provider(name="maps", apiKey="s3cret")
    token = data.get_workload_access_token(workloadName="one")["workloadAccessToken"]
    provider = {"resourceCredentialProviderName": "maps"}
    assert data.get_resource_api_key(workloadIdentityToken=token, **provider)["apiKey"] == "s3cret"
    for wrong in (token[:-1], f"{token}0", "x", "x.y", "a.é"):
        code, text = refused(data.get_resource_api_key, workloadIdentityToken=wrong, **provider)
        assert code == "UnauthorizedException"
        assert wrong not in text or len(wrong) < 4
    world.clock.pass_(LIFE_SECONDS)
    code, _ = refused(data.get_resource_api_key, workloadIdentityToken=token, **provider)
    assert code == "UnauthorizedException"
    fresh = data.get_workload_access_token_for_user_id(workloadName="one", userId="ann")
    control.delete_workload_identity(name="one")
    token = fresh["workloadAccessToken"]
    code, _ = refused(data.get_resource_api_key, workloadIdentityToken=token, **provider)
    assert code == "UnauthorizedException"


def test_a_token_of_an_identity_that_is_not_there(world: World) -> None:
    code, _ = refused(world.data.get_workload_access_token, workloadName="none")
    assert code == "ResourceNotFoundException"


def test_a_caller_needs_a_signature(world: World) -> None:
    code, _ = refused(world.stranger().get_workload_access_token, workloadName="none")
    assert code == "UnrecognizedClientException"
    from werkzeug.test import Client

    bare = Client(world.app).post("/identities/api-key", json={})
    assert bare.status_code == 403
    assert bare.headers["x-amzn-errortype"] == "MissingAuthenticationTokenException"
