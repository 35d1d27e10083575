"""The caller signs in: a secret, a password or a token endpoint that does not work is named in the failure."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from lifecycle.errors import SmokeTestError, TagsNotVisibleError
from lifecycle.identity.provision import provision_identity
from tests.functions.lifecycle.smoke_test.smoke_environment import error, jwt_identity, run


def test_a_password_that_cognito_refuses_is_made_anew_by_the_next_provision(password: Any) -> None:
    password.world.cognito.admin_set_user_password(
        UserPoolId=password.world.identity.user_pool_id,
        Username="smoke-test",
        Password="Set-By-Hand-123456789!",
        Permanent=True,
    )
    with pytest.raises(SmokeTestError, match="The test user signs in") as caught:
        run(password)
    assert type(caught.value) is SmokeTestError
    done = provision_identity(password.world.event(), clients=password.world.clients)
    assert done.repaired == ["the test user's password did not match the secret: reset"]
    assert run(password).passed


def test_a_secret_that_is_gone_says_so(password: Any) -> None:
    password.world.secrets.delete_secret(
        SecretId="stack/dev/password", ForceDeleteWithoutRecovery=True
    )
    with pytest.raises(
        SmokeTestError, match="ResourceNotFoundException from DescribeSecret for the secret"
    ):
        run(password)


TAG_THEIRS = "its owner gives it the tags agentcore-lifecycle:smoke-test-host=idp.example.com and "
TAG_OURS = "provision again, which restores the tags"
THE_KEY = "let the role of RunSmokeTestFunction use that key"
THE_DENY = "exclude the function's role there"
ADVICE = (TAG_THEIRS, TAG_OURS, THE_KEY, THE_DENY)


@contextmanager
def refused(clients: Any, code: str, message: str) -> Iterator[None]:
    """Refuse to read any secret."""

    def refuse(**_: Any) -> None:
        raise ClientError({"Error": {"Code": code, "Message": message}}, "GetSecretValue")

    events = clients.secrets.meta.events
    events.register_first("before-call.secrets-manager.GetSecretValue", refuse)
    try:
        yield
    finally:
        events.unregister("before-call.secrets-manager.GetSecretValue", refuse)


@pytest.mark.parametrize(
    ("code", "message", "theirs", "ours"),
    [
        ("AccessDenied", "no", TAG_THEIRS, TAG_OURS),
        ("AccessDeniedException", "no", TAG_THEIRS, TAG_OURS),
        ("AccessDeniedException", "Access to KMS is not allowed", THE_KEY, THE_KEY),
        ("DecryptionFailure", "no", THE_KEY, THE_KEY),
        ("AccessDeniedException", "no, with an explicit deny in a policy", THE_DENY, THE_DENY),
    ],
)
def test_a_secret_that_may_not_be_read_says_how_to_allow_it(
    smoke: Any, code: str, message: str, theirs: str, ours: str
) -> None:
    provision_identity(smoke.world.event(), clients=smoke.world.clients)
    # Its tags are a day old, so the refusal is final.
    own = smoke.world.identity.model_copy(update={"tagged_at": 1})
    other = jwt_identity(smoke, {"clientId": "robot", "clientSecret": "secret"})
    for identity, advice in ((other, theirs), (own, ours)):
        smoke.deploy(identity)
        with (
            refused(smoke.clients, code, message),
            pytest.raises(
                SmokeTestError, match=f"seen {code} from GetSecretValue for the secret arn:"
            ) as caught,
        ):
            run(smoke)
        assert [text for text in ADVICE if text in str(caught.value)] == [advice]


def test_a_new_secret_whose_tags_count_late_is_read_again(password: Any) -> None:
    with refused(password.clients, "AccessDeniedException", "no"):
        with pytest.raises(TagsNotVisibleError, match="GetSecretValue"):
            run(password)
        assert password.world.record.runtime.failed_version is None
    assert run(password).passed


@pytest.mark.parametrize("value", ["not json", '{"clientId": "robot"}', "[]"])
def test_a_secret_of_another_shape_says_so_without_its_value(smoke: Any, value: str) -> None:
    smoke.deploy(jwt_identity(smoke, value))
    with pytest.raises(SmokeTestError, match="The caller signs in") as caught:
        run(smoke)
    assert value not in str(caught.value)


def test_a_token_endpoint_that_refuses_says_so(smoke: Any) -> None:
    smoke.provider.others = {"robot": "right"}
    smoke.deploy(jwt_identity(smoke, {"clientId": "robot", "clientSecret": "wrong-secret"}))
    with pytest.raises(SmokeTestError, match="401 invalid_client") as caught:
        run(smoke)
    assert "wrong-secret" not in str(caught.value)
    assert smoke.pauses == []


def test_a_token_endpoint_without_an_address_yet_is_asked_again(smoke: Any) -> None:
    smoke.provider.others = {"robot": "right"}
    smoke.provider.script = [httpx.ConnectError("no such host"), error(503)]
    smoke.deploy(
        jwt_identity(smoke, {"clientId": "robot", "clientSecret": "right", "scope": "run"})
    )
    assert run(smoke).passed
    assert len(smoke.pauses) == 2


def test_a_token_endpoint_that_never_answers_fails(smoke: Any) -> None:
    smoke.provider.script = [httpx.ConnectError("no such host")] * 50
    smoke.deploy(jwt_identity(smoke, {"clientId": "robot", "clientSecret": "right"}))
    with pytest.raises(
        SmokeTestError, match=r"seen no answer of its host: .* \(3 tries\); check the URL"
    ):
        run(smoke)
    assert len(smoke.pauses) == 2
