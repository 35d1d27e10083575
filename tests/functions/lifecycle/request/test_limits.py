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


@pytest.mark.parametrize("field", ["source", "package"])
@pytest.mark.parametrize("bucket", ["a..b", "a-.b", "10.0.0.1", "ab", "a" * 64, "-ab", "abc-"])
def test_a_bucket_that_s3_cannot_have_is_refused(field: str, bucket: str) -> None:
    artifact = {"type": "code", field: {"bucket": bucket, "key": "agent.zip"}}
    assert f"artifact.{field}.bucket: given '{bucket[:50]}" in refusal(artifact=artifact)


def test_an_s3_key_is_limited_in_bytes() -> None:
    source = {"bucket": "my.sources-1", "key": "é" * 512}
    assert parse_request({"artifact": {"source": source}}).artifact.source
    message = refusal(artifact={"source": source | {"key": "é" * 513}})
    assert message.endswith("an S3 key of at most 1024 bytes; this one has 1026")


@pytest.mark.parametrize(("length", "good"), [(1, False), (2, True), (256, True), (257, False)])
def test_a_repository_has_a_name_that_ecr_takes(length: int, good: bool) -> None:
    uri = f"123456789012.dkr.ecr.us-east-1.amazonaws.com/{'a' * length}:tag"
    if good:
        assert parse_request({"artifact": {"containerUri": uri}}).artifact.container_uri == uri
    else:
        assert "2 to 256 characters" in refusal(artifact={"containerUri": uri})


def certificate(**s3: Any) -> dict[str, Any]:
    return {"configuration": {"certificateConfigurations": [{"s3": {"uri": "s3://a/b", **s3}}]}}


def test_a_long_string_is_compared_with_its_pattern_too() -> None:
    # These members have a pattern and no length in the service model.
    account = "1" * 5000
    assert "at most 4096 characters" in refusal(auth=certificate(bucketOwnerAccountId=account))
    assert "at most 4096 characters" in refusal(auth=certificate(uri=f"s3://{'a' * 5000}"))
    assert parse_request({"auth": certificate(bucketOwnerAccountId="123456789012")})


def test_each_entry_of_a_long_list_is_checked() -> None:
    # The list has no longest length in the service model.
    value = {"matchValueStringList": ["a"] * 5000 + ["!"]}
    claim = {
        "inboundTokenClaimName": "team",
        "inboundTokenClaimValueType": "STRING_ARRAY",
        "authorizingClaimMatchValue": {
            "claimMatchValue": value,
            "claimMatchOperator": "CONTAINS_ANY",
        },
    }
    assert "matchValueStringList[5000]: given '!'" in refusal(
        auth={"configuration": {"customClaims": [claim]}}
    )


@pytest.mark.parametrize("number", [2**31, -(2**31) - 1, 2**70, 10**400])
def test_a_number_without_bounds_of_its_own_has_those_of_its_type(number: int) -> None:
    configuration = {"resourceConfigurations": [{"minimumMemoryInMiB": number}]}
    message = refusal(runtime={"configuration": configuration})
    assert "allowed: a number from -2147483648 to 2147483647" in message


def test_half_a_surrogate_pair_is_refused_wherever_it_is() -> None:
    environments = {"hostingEnvironments": [{"arn": "\ud800" * 20}]}
    auth = {"configuration": {"allowedWorkloadConfiguration": environments}}
    assert "a string that UTF-8 can carry" in refusal(auth=auth)


@pytest.mark.parametrize(
    ("operator", "kind", "value"),
    [
        ("EQUALS", "STRING_ARRAY", {"matchValueString": "a"}),
        ("EQUALS", "STRING", {"matchValueStringList": ["a"]}),
        ("CONTAINS", "STRING", {"matchValueString": "a"}),
        ("CONTAINS_ANY", "STRING_ARRAY", {"matchValueString": "a"}),
    ],
)
def test_a_claim_whose_parts_do_not_fit_is_refused(
    operator: str, kind: str, value: dict[str, Any]
) -> None:
    claim = {
        "inboundTokenClaimName": "team",
        "inboundTokenClaimValueType": kind,
        "authorizingClaimMatchValue": {"claimMatchValue": value, "claimMatchOperator": operator},
    }
    message = refusal(auth={"configuration": {"customClaims": [claim]}})
    assert message.startswith(f"auth.configuration.customClaims[0]: given '{operator} with {kind}")
