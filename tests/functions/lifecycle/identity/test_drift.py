"""Provision the identity after somebody changed it by hand: the change is found, named in the output and repaired."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from lifecycle.errors import AwsCallError, ServiceUnavailableError
from lifecycle.identity.provision import provision_identity
from lifecycle.identity.user_pool import POOL_SETTINGS
from tests.functions.lifecycle.identity.provisioning import (
    MACHINE,
    OURS,
    PASSWORD,
    describe_client,
    provision,
)


def drift_pool_gone(world: Any) -> None:
    if world.identity.domain:
        world.cognito.delete_user_pool_domain(
            UserPoolId=world.identity.user_pool_id, Domain=world.identity.domain
        )
    world.cognito.delete_user_pool(UserPoolId=world.identity.user_pool_id)


def drift_pool_opened(world: Any) -> None:
    world.cognito.update_user_pool(
        UserPoolId=world.identity.user_pool_id,
        UserPoolTags=OURS,
        **{**POOL_SETTINGS, "AdminCreateUserConfig": {"AllowAdminCreateUserOnly": False}},
    )


def drift_pool_tags(world: Any) -> None:
    world.cognito.update_user_pool(
        UserPoolId=world.identity.user_pool_id, UserPoolTags={"other": "tag"}, **POOL_SETTINGS
    )


def drift_client_gone(world: Any) -> None:
    world.cognito.delete_user_pool_client(
        UserPoolId=world.identity.user_pool_id, ClientId=world.identity.client_id
    )


def drift_probe_gone(world: Any) -> None:
    world.cognito.delete_user_pool_client(
        UserPoolId=world.identity.user_pool_id, ClientId=world.identity.probe_client_id
    )


def drift_flows(world: Any) -> None:
    world.cognito.update_user_pool_client(
        UserPoolId=world.identity.user_pool_id,
        ClientId=world.identity.client_id,
        ExplicitAuthFlows=["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
        AccessTokenValidity=5,
    )


def drift_user_gone(world: Any) -> None:
    world.cognito.admin_delete_user(UserPoolId=world.identity.user_pool_id, Username="smoke-test")


def drift_user_disabled(world: Any) -> None:
    world.cognito.admin_disable_user(UserPoolId=world.identity.user_pool_id, Username="smoke-test")


def drift_user_reset(world: Any) -> None:
    world.cognito.admin_set_user_password(
        UserPoolId=world.identity.user_pool_id,
        Username="smoke-test",
        Password="Another-Pass-Word-123456!",
        Permanent=False,
    )


def drift_secret_gone(world: Any) -> None:
    world.secrets.delete_secret(SecretId=world.identity.secret_arn, ForceDeleteWithoutRecovery=True)


def drift_secret_scheduled(world: Any) -> None:
    world.secrets.delete_secret(SecretId=world.identity.secret_arn, RecoveryWindowInDays=7)


def drift_secret_rewritten(world: Any) -> None:
    world.secrets.put_secret_value(
        SecretId=world.identity.secret_arn, SecretString='{"by": "hand"}'
    )


def drift_secret_tags(world: Any) -> None:
    world.secrets.untag_resource(
        SecretId=world.identity.secret_arn, TagKeys=["agentcore-lifecycle:stack"]
    )


def drift_domain_gone(world: Any) -> None:
    world.cognito.delete_user_pool_domain(
        UserPoolId=world.identity.user_pool_id, Domain=world.identity.domain
    )


GONE_USER = "the test user's password did not match the secret: reset"


@pytest.mark.parametrize(
    ("request_", "drift", "repaired"),
    [
        (PASSWORD, drift_pool_gone, ["the user pool was deleted: created again"]),
        (PASSWORD, drift_pool_opened, ["the user pool's sign-up setting had been changed"]),
        (PASSWORD, drift_pool_tags, ["the user pool's tags had been removed"]),
        (PASSWORD, drift_client_gone, ["the app client was deleted: created again"]),
        (PASSWORD, drift_probe_gone, ["the probe client was deleted: created again"]),
        (
            PASSWORD,
            drift_flows,
            [
                "the app client's token validity had been changed",
                "the app client's sign-in flows had been changed",
            ],
        ),
        (PASSWORD, drift_user_gone, ["the test user was deleted: created again"]),
        (PASSWORD, drift_user_disabled, ["the test user had been disabled"]),
        (PASSWORD, drift_user_reset, [GONE_USER]),
        (PASSWORD, drift_secret_gone, ["the secret was deleted: created again", GONE_USER]),
        (
            PASSWORD,
            drift_secret_scheduled,
            ["the secret was scheduled for deletion: restored"],
        ),
        (PASSWORD, drift_secret_rewritten, [GONE_USER]),
        (PASSWORD, drift_secret_tags, ["the secret's tags had been removed"]),
        (MACHINE, drift_pool_gone, ["the user pool was deleted: created again"]),
        (MACHINE, drift_client_gone, ["the app client was deleted: created again"]),
        (MACHINE, drift_domain_gone, ["the user pool's domain was deleted: created again"]),
        (
            MACHINE,
            drift_secret_gone,
            [
                "the secret was deleted: created again",
                "the secret's value had been changed: rewritten",
            ],
        ),
    ],
)
def test_drift_is_repaired_and_named(
    world: Any,
    request_: dict[str, Any],
    drift: Callable[[Any], None],
    repaired: list[str],
) -> None:
    provision(world, request_)
    drift(world)
    assert provision(world, request_).repaired == repaired
    assert provision(world, request_).repaired == []
    if request_ is PASSWORD:
        assert world.sign_in()
    else:
        client = describe_client(world, world.identity.client_id)
        assert world.secret_value()["clientSecret"] == client["ClientSecret"]
    assert len(world.pools()) == 1
    assert len(world.app_clients()) == 2


def test_a_domain_of_another_pool_is_not_taken(world: Any) -> None:
    provision(world, MACHINE)
    domain = world.identity.domain
    drift_domain_gone(world)
    other = world.cognito.create_user_pool(PoolName="theirs")["UserPool"]["Id"]
    world.cognito.create_user_pool_domain(UserPoolId=other, Domain=domain)
    with pytest.raises(AwsCallError, match=other):
        provision(world, MACHINE)


@pytest.mark.parametrize("pool_is_gone", [True, False])
def test_a_domain_that_is_still_going_heals(world: Any, *, pool_is_gone: bool) -> None:
    provision(world, MACHINE)
    going = world.cognito.describe_user_pool_domain(Domain=world.identity.domain)
    going["DomainDescription"]["Status"] = "DELETING"
    drift_domain_gone(world)
    if pool_is_gone:
        world.cognito.delete_user_pool(UserPoolId=world.identity.user_pool_id)
    clients = world.counting()
    clients.cognito.meta.events.register(
        "after-call.cognito-identity-provider.DescribeUserPoolDomain",
        lambda parsed, **_: parsed.update(going),
    )
    with pytest.raises(ServiceUnavailableError, match="still being deleted"):
        provision_identity(world.event(**MACHINE), clients=clients)
    provision(world, MACHINE)
    (pool,) = world.pools()
    assert pool["Domain"] == world.identity.domain


def test_the_secret_is_never_read(world: Any) -> None:
    counting = world.counting()
    provision_identity(world.event(), clients=counting)
    drift_user_gone(world)
    provision_identity(world.event(), clients=counting)
    assert "GetSecretValue" not in counting.calls
    assert "GetRandomPassword" in counting.calls
