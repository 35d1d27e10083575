"""Tags that count late: a refusal of what was tagged a moment ago heals, and any other refusal is final at once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from handlers import (
    delete_identity,
    judge_step,
    plan_provision,
    plan_rollback,
    provision_identity,
    run_cases,
    run_smoke_test,
    test_gateway,
)
from lifecycle.entry import aws_errors
from lifecycle.errors import AwsCallError, TagsNotVisibleError, TeardownIncompleteError
from lifecycle.identity import late_tags, teardown
from lifecycle.identity.late_tags import GUARDED
from tests.functions.lifecycle.identity.provisioning import FLOWS, MACHINE, PASSWORD, provision
from tests.functions.test_policies import conditional_actions

DENIED = "User: role is not authorized to perform this because no identity-based policy allows it"
EXPLICIT = (
    "User: role is not authorized to perform this with an explicit deny in a service control policy"
)
_ENDPOINTS = {"cognito": "cognito-idp", "secrets": "secrets-manager"}
# What a provision into an empty account calls of the operations that depend on tags.
CALLED = [
    *((PASSWORD, operation) for operation in ("CreateUserPoolClient", "ListUserPoolClients")),
    *((PASSWORD, operation) for operation in ("AdminGetUser", "AdminCreateUser")),
    *((PASSWORD, operation) for operation in ("AdminSetUserPassword", "PutSecretValue")),
    *((MACHINE, operation) for operation in ("DescribeResourceServer", "CreateResourceServer")),
    *((MACHINE, operation) for operation in ("CreateUserPoolDomain", "PutSecretValue")),
]


@contextmanager
def denied(world: Any, operation: str, times: int = 10**6, message: str = DENIED) -> Iterator[Any]:
    """Refuse the first calls of an operation of Cognito or Secrets Manager, as IAM does."""
    seen = SimpleNamespace(calls=0)

    def refuse(model: Any, **_: Any) -> Any:
        if model.name != operation:
            return None
        seen.calls += 1
        if seen.calls > times:
            return None
        answer = {
            "Error": {"Code": "AccessDeniedException", "Message": message},
            "ResponseMetadata": {"HTTPStatusCode": 400},
        }
        return SimpleNamespace(status_code=400), answer

    for client, service in _ENDPOINTS.items():
        events = getattr(world.clients, client).meta.events
        events.register_first(f"before-call.{service}", refuse, unique_id=operation)
    try:
        yield seen
    finally:
        for client, service in _ENDPOINTS.items():
            events = getattr(world.clients, client).meta.events
            events.unregister(f"before-call.{service}", unique_id=operation)


def later(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Let the clock of everything that asks for it show a later time."""
    now = time.time() + seconds
    monkeypatch.setattr(time, "time", lambda: now)


def begin(world: Any, request: dict[str, Any], operation: str) -> None:
    """Bring an identity to where the operation is called: the call that makes a pool does not look at what it has."""
    if operation in {"ListUserPoolClients", "AdminGetUser"}:
        with denied(world, "CreateUserPoolClient", times=1), pytest.raises(TagsNotVisibleError):
            provision(world, request)


def test_exactly_what_the_policies_tie_to_tags_is_guarded() -> None:
    stages = (
        provision_identity,
        delete_identity,
        run_smoke_test,
        run_cases,
        test_gateway,
        plan_provision,
        plan_rollback,
        judge_step,
    )
    names = {module.__name__.rpartition(".")[2] for module in stages}
    actions, elsewhere = conditional_actions("aws:ResourceTag/", "StringEquals")
    assert {action.partition(":")[2] for action in actions} == GUARDED
    assert elsewhere == names


@pytest.mark.parametrize(("request_", "operation"), CALLED)
def test_a_new_resource_whose_tags_count_late_heals(
    world: Any, request_: dict[str, Any], operation: str
) -> None:
    refusals = []
    begin(world, request_, operation)
    with denied(world, operation, times=3) as seen:
        for _ in range(4):
            try:
                provision(world, request_)
            except TagsNotVisibleError as error:
                refusals.append(str(error))
    assert len(refusals) == 3
    assert all(f"{operation}: AccessDeniedException: {DENIED}" in text for text in refusals)
    assert seen.calls > 3
    assert provision(world, request_).repaired == []
    assert len(world.pools()) == 1
    assert len(world.app_clients()) == 2
    assert len(world.secret_names()) == 1


@pytest.mark.parametrize(("request_", "operation"), CALLED)
def test_a_refusal_for_good_ends_after_a_minute_with_its_own_message(
    world: Any, monkeypatch: pytest.MonkeyPatch, request_: dict[str, Any], operation: str
) -> None:
    begin(world, request_, operation)
    with denied(world, operation):
        with pytest.raises(TagsNotVisibleError):
            provision(world, request_)
        later(monkeypatch, late_tags.SECONDS + 1)
        with pytest.raises(AwsCallError) as caught, aws_errors():
            provision(world, request_)
    assert str(caught.value).startswith(f"{operation}: AccessDeniedException: {DENIED}; give")


def test_an_explicit_deny_is_final_at_once_and_names_no_template(world: Any) -> None:
    refusal = denied(world, "CreateUserPoolClient", message=EXPLICIT)
    with refusal, pytest.raises(AwsCallError) as caught, aws_errors():
        provision(world, PASSWORD)
    assert "(such as an SCP) denies this call: exclude the function's role there" in str(
        caught.value
    )
    assert "template.yaml" not in str(caught.value)


@pytest.mark.parametrize("operation", ["CreateUserPool", "DescribeSecret", "CreateSecret"])
def test_what_no_tag_decides_is_final_at_once(world: Any, operation: str) -> None:
    with denied(world, operation), pytest.raises(AwsCallError), aws_errors():
        provision(world, PASSWORD)


@pytest.mark.parametrize("request_", FLOWS)
def test_an_environment_of_yesterday_is_refused_at_once(
    world: Any, monkeypatch: pytest.MonkeyPatch, request_: dict[str, Any]
) -> None:
    provision(world, request_)
    later(monkeypatch, 86400)
    refusal = denied(world, "DescribeUserPoolClient")
    with refusal as seen, pytest.raises(AwsCallError), aws_errors():
        provision(world, request_)
    assert seen.calls == 1


def test_tags_that_were_restored_count_late_too(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    provision(world, PASSWORD)
    (pool,) = world.pools()
    world.cognito.update_user_pool(UserPoolId=pool["Id"], UserPoolTags={"team": "a"})
    later(monkeypatch, 86400)
    with denied(world, "UpdateUserPool", times=1), pytest.raises(TagsNotVisibleError):
        provision(world, PASSWORD)
    with denied(world, "DescribeUserPoolClient", times=1), pytest.raises(TagsNotVisibleError):
        provision(world, PASSWORD)
    provision(world, PASSWORD)


def test_a_pool_of_a_call_that_ended_before_it_was_recorded_counts_as_new(world: Any) -> None:
    tags = {"agentcore-lifecycle:stack": "stack", "agentcore-lifecycle:environment": "dev"}
    world.cognito.create_user_pool(PoolName="stack-dev", UserPoolTags=tags)
    with denied(world, "CreateUserPoolClient", times=1), pytest.raises(TagsNotVisibleError):
        provision(world, PASSWORD)
    provision(world, PASSWORD)
    assert len(world.pools()) == 1


def remove(world: Any) -> Any:
    return teardown.delete_identity(world.event(action="teardown"), clients=world.clients)


@pytest.mark.parametrize(
    "operation", ["ListUserPoolClients", "DeleteUserPoolDomain", "DeleteUserPool", "DeleteSecret"]
)
@pytest.mark.parametrize("recorded", [True, False])
def test_a_teardown_right_after_a_provision_heals(
    world: Any, operation: str, recorded: bool
) -> None:
    provision(world, MACHINE)
    if not recorded:
        world.records.update("dev", world.event().execution, identity=None)
    with denied(world, operation, times=1):
        with pytest.raises(TagsNotVisibleError):
            remove(world)
        remove(world)
    assert (world.pools(), world.secret_names()) == ([], [])


def test_a_teardown_that_restores_tags_waits_for_them(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    provision(world, PASSWORD)
    (pool,) = world.pools()
    world.cognito.update_user_pool(UserPoolId=pool["Id"], UserPoolTags={"team": "a"})
    later(monkeypatch, 86400)
    with denied(world, "DeleteUserPool", times=2):
        for _ in range(2):
            with pytest.raises(TagsNotVisibleError):
                remove(world)
        remove(world)
    assert world.pools() == []


def test_a_teardown_that_is_refused_for_good_says_what_is_left(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    provision(world, PASSWORD)
    later(monkeypatch, late_tags.SECONDS + 1)
    # moto reads the same clock, so the pool's creation is as old as the record says.
    with denied(world, "DeleteSecret"), pytest.raises(TeardownIncompleteError) as caught:
        remove(world)
    assert "secret stack/dev/password (DeleteSecret: AccessDeniedException)" in str(caught.value)


def test_another_error_is_not_mistaken_for_a_refusal(world: Any) -> None:
    answer = {"Error": {"Code": "LimitExceededException", "Message": "no"}}
    error = ClientError(answer, "CreateUserPoolClient")
    assert not late_tags.is_late(error, time.time())
    with pytest.raises(ClientError), late_tags.late_tags(time.time):
        raise error
