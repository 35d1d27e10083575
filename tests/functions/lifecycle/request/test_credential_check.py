"""A secret is used only for the environments and hosts that its owner names; nothing is said of whom else it is for."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from lifecycle.errors import InvalidRequestError
from lifecycle.request.credentials.check import check_credentials
from lifecycle.request.credentials.section import Credential

ARN = "arn:aws:secretsmanager:us-west-2:123456789012:secret:their-own-AbCdEf"
FOR, HOSTS = "agentcore-lifecycle:credential-environments", "agentcore-lifecycle:credential-hosts"
KEY: dict[str, Any] = {"name": "weather", "type": "apiKey", "secretArn": ARN}
OAUTH: dict[str, Any] = {
    "name": "orders",
    "type": "oauth2",
    "secretArn": ARN,
    "discoveryUrl": "https://idp.example.com/.well-known/openid-configuration",
    "clientId": "agent",
}


class Secrets:
    """A Secrets Manager with one secret, of which only the tags may be asked."""

    def __init__(self, tags: dict[str, str] | ClientError) -> None:
        self.tags = tags

    def describe_secret(self, **given: str) -> dict[str, Any]:
        # Secrets Manager also finds a secret by an ARN without its last hyphen and six characters.
        assert given["SecretId"] in (ARN, ARN[:-7])
        if isinstance(self.tags, ClientError):
            raise self.tags
        return {"ARN": ARN, "Tags": [{"Key": k, "Value": v} for k, v in self.tags.items()]}


@pytest.fixture(autouse=True)
def stack(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "STACK_NAME": "stack",
        "TABLE_NAME": "environments",
        "PROVIDER_HOSTS": "idp.example.com",
        "PROVIDER_NETWORKS": "public",
    }.items():
        monkeypatch.setenv(name, value)


def check(credential: dict[str, Any], tags: dict[str, str] | ClientError) -> None:
    check_credentials([Credential.model_validate(credential)], "dev", Secrets(tags))


def refused(credential: dict[str, Any], tags: dict[str, str] | ClientError) -> str:
    with pytest.raises(InvalidRequestError) as error:
        check(credential, tags)
    return str(error.value)


def error(code: str, text: str = "is not authorized") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": text}}, "DescribeSecret")


@pytest.mark.parametrize("users", ["stack/dev", "other/dev stack/dev", "stack/d..."])
def test_what_its_owner_allows_is_taken(users: str) -> None:
    check(KEY, {FOR: users})
    check(OAUTH, {FOR: users, HOSTS: "a.example.com idp.example.com"})


@pytest.mark.parametrize(
    ("credential", "tags", "said"),
    [
        (KEY, {}, f"has no tag {FOR}; if the secret is meant for the agent"),
        (KEY, {FOR: "stack/prod"}, f"has a tag {FOR} without stack/dev"),
        (KEY, {FOR: "my-stack/dev"}, f"has a tag {FOR} without stack/dev"),
        (KEY, {FOR: "stack/de"}, f"has a tag {FOR} without stack/dev"),
        # Those of the smoke test's secrets are other tags.
        (KEY, {"agentcore-lifecycle:smoke-test-environments": "stack/dev"}, f"has no tag {FOR}"),
        (
            KEY,
            {FOR: "stack/dev", "agentcore-lifecycle:stack": "stack"},
            "belongs to an environment",
        ),
        (
            KEY,
            {FOR: "stack/dev", "agentcore-lifecycle:environment": "dev"},
            "belongs to an environment",
        ),
        (OAUTH, {FOR: "stack/dev"}, f"has no tag {HOSTS} with idp.example.com"),
        (OAUTH, {FOR: "stack/dev", HOSTS: "evil.example.com"}, f"{HOSTS} with idp.example.com"),
        (KEY, error("ResourceNotFoundException"), "Secrets Manager does not have"),
        (KEY, error("AccessDeniedException"), f"or it has no tag {FOR} that names the stack"),
    ],
)
def test_what_he_does_not_allow_is_refused_by_name(
    credential: dict[str, Any], tags: dict[str, str] | ClientError, said: str
) -> None:
    text = refused(credential, tags)
    assert f"credentials.0.secretArn: given '{ARN}', which " in text
    assert said in text
    assert "prod" not in text


def test_an_arn_without_its_last_characters_is_refused_with_the_whole_one() -> None:
    """The role's policy names it, and IAM compares the whole ARN."""
    text = refused({**KEY, "secretArn": ARN[:-7]}, {FOR: "stack/dev"})
    assert text.startswith(
        f"credentials.0.secretArn: given '{ARN[:-7]}', which is a part of an ARN"
    )
    assert text.endswith(f"name {ARN}")
    assert ARN not in refused({**KEY, "secretArn": ARN[:-7]}, {FOR: "other/dev"})


def test_an_explicit_deny_is_told_apart() -> None:
    denied = error("AccessDeniedException", "with an explicit deny in a resource-based policy")
    assert "this stack may not look at" in refused(KEY, denied)
    assert FOR not in refused(KEY, denied)


def test_any_other_error_is_none_of_the_inputs() -> None:
    with pytest.raises(ClientError):
        check(KEY, error("ThrottlingException"))


def test_a_host_that_the_stack_does_not_allow_is_refused() -> None:
    other = OAUTH | {"discoveryUrl": "https://evil.example.com/.well-known/openid-configuration"}
    text = refused(other, {FOR: "stack/dev", HOSTS: "evil.example.com"})
    assert text.startswith("credentials.0.discoveryUrl: given 'https://evil.example.com")


def test_a_stack_whose_name_leaves_no_room_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STACK_NAME", "s" * 128)
    assert "credentials: given to the stack" in refused(KEY, {FOR: "stack/dev"})


def test_none_asks_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STACK_NAME")
    check_credentials([], "dev", None)
