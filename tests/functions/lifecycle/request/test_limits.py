"""What AgentCore refuses of headers, variables and authorizers is refused before anything is created."""

from __future__ import annotations

import importlib
import warnings
from typing import Any

import pytest

from lifecycle.errors import InvalidRequestError
from lifecycle.request.model import parse_request
from lifecycle.request.service.headers import RESTRICTED

COGNITO_URL = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEfGhI/.well-known/openid-configuration"
SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:theirs-abcdef"


def refusal(**request: Any) -> str:
    with pytest.raises(InvalidRequestError) as caught:
        parse_request(request)
    return str(caught.value)


@pytest.mark.parametrize("name", ["Cookie", "HOST", "accept", "X-Amz-Date", "x-amzn-trace-id"])
def test_a_header_that_agentcore_does_not_pass_on_is_refused(name: str) -> None:
    assert f"runtime.requestHeaders: given '{name}'" in refusal(runtime={"requestHeaders": [name]})


def test_a_header_given_twice_in_another_case_is_refused() -> None:
    assert "each header once" in refusal(runtime={"requestHeaders": ["X-Key", "x-key"]})


@pytest.mark.parametrize("name", ["X-Api-Key", "X-Amzn-Bedrock-AgentCore-Runtime-Custom-Tenant"])
def test_a_custom_header_is_passed_on(name: str) -> None:
    assert parse_request({"runtime": {"requestHeaders": [name]}}).runtime.request_headers == [name]


def test_authorization_reaches_the_agent_only_behind_a_jwt_authorizer() -> None:
    headers = {"requestHeaders": ["Authorization"]}
    assert parse_request({"runtime": headers}).runtime.request_headers == ["Authorization"]
    assert "only with auth.type cognito or jwt" in refusal(auth={"type": "iam"}, runtime=headers)


def test_the_restricted_headers_are_those_of_the_sdk() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the SDK's own models, when it is imported
        models = importlib.import_module("bedrock_agentcore.runtime.models")
    assert {name for name in models.RESTRICTED_HEADERS if not name.startswith(":")} == RESTRICTED


@pytest.mark.parametrize(
    ("artifact", "platform", "most"),
    [
        ("container", None, 3840),
        ("code", "V1", 3840),
        ("container", "V2", 2304),
        ("code", "V2", 1280),
    ],
)
def test_environment_variables_are_limited_by_their_total(
    artifact: str, platform: str | None, most: int
) -> None:
    configuration = {"platformVersion": platform} if platform else {}

    def request(size: int) -> dict[str, Any]:
        # Seven bytes of names, and values that share the rest, one of them not ASCII.
        values = {"A_NAME": "x" * (size - 10), "B": "\u00e9x"}
        runtime = {"environmentVariables": values, "configuration": configuration}
        return {"artifact": {"type": artifact}, "runtime": runtime}

    assert parse_request(request(most)).runtime.environment_variables
    message = refusal(**request(most + 1))
    assert f"given {most + 1}" in message
    assert f"at most {most} bytes" in message


def test_an_audience_cannot_be_asked_of_cognito() -> None:
    auth = {
        "type": "jwt",
        "discoveryUrl": COGNITO_URL,
        "allowedAudience": ["agents"],
        "tokenSecretArn": SECRET,
    }
    assert "auth.allowedAudience" in refusal(auth=auth)
    assert "access tokens have no aud" in refusal(auth=auth)
    clients = {key: value for key, value in auth.items() if key != "allowedAudience"}
    assert parse_request({"auth": clients | {"allowedClients": ["abc"]}}).auth.allowed_clients


def test_tags_have_no_white_space_but_spaces() -> None:
    assert parse_request({"tags": {"a b": "c d"}}).tags == {"a b": "c d"}
    for odd in ("\u3000", "\t", "\n"):
        assert "tags" in refusal(tags={"key": f"a{odd}b"})


def test_an_authorizer_without_claims_takes_none() -> None:
    claims = [
        {
            "inboundTokenClaimName": "team",
            "inboundTokenClaimValueType": "STRING",
            "authorizingClaimMatchValue": {
                "claimMatchValue": {"matchValueString": "a"},
                "claimMatchOperator": "EQUALS",
            },
        }
    ]
    auth = parse_request({"auth": {"configuration": {"customClaims": claims}}}).auth
    assert auth.configuration == {"customClaims": claims}
    assert "only with auth.type cognito or jwt" in refusal(
        auth={"type": "iam", "configuration": {"customClaims": claims}}
    )
