"""Delete the identity: everything of the environment goes, and nothing else, wherever a kill came."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from handlers import delete_identity as handler
from lifecycle.errors import ServiceUnavailableError, TeardownIncompleteError
from lifecycle.identity.provision import provision_identity
from lifecycle.identity.teardown import delete_identity
from lifecycle.teardown import Teardown
from tests.functions.lifecycle.failing import Failing
from tests.functions.lifecycle.identity.provisioning import JWT, MACHINE
from tests.functions.lifecycle.lambda_context import LambdaContext

LOOKED_FOR = [
    "user pools named stack-dev, with their domain and app clients",
    "secret stack/dev/password",
    "secret stack/dev/machine",
]


def provision(world: Any, **request: Any) -> None:
    provision_identity(world.event(**request), clients=world.clients)


def remove(world: Any, **request: Any) -> Teardown:
    return delete_identity(world.event(action="teardown", **request), clients=world.clients)


def nothing_is_left(world: Any) -> None:
    assert world.pools() == []
    assert world.secret_names() == []
    assert world.record.identity is None


def test_everything_goes_and_is_named(world: Any) -> None:
    provision(world, **MACHINE)
    identity = world.identity
    done = remove(world)
    nothing_is_left(world)
    assert (
        world.cognito.describe_user_pool_domain(Domain=identity.domain)["DomainDescription"] == {}
    )
    assert done.removed == [
        f"user pool domain {identity.domain}",
        f"app client stack-dev-machine ({identity.client_id})",
        f"app client stack-dev-machine-probe ({identity.probe_client_id})",
        f"user pool stack-dev ({identity.user_pool_id})",
        "secret stack/dev/machine",
    ]
    assert done.kept == []
    assert done.looked_for == LOOKED_FOR


def test_again_there_is_nothing_to_do_and_the_same_to_tell(world: Any) -> None:
    provision(world)
    first = remove(world)
    done = remove(world)
    assert done.removed == first.removed
    assert done.looked_for == LOOKED_FOR


def test_leftovers_that_no_record_knows_are_found_by_name_and_tag(world: Any) -> None:
    provision(world, **MACHINE)
    execution = world.event().execution
    world.records.update("dev", execution, identity=None)
    assert len(remove(world).removed) == 5
    nothing_is_left(world)


def test_without_a_record_leftovers_go_too(world: Any) -> None:
    provision(world)
    world.records.delete("dev", world.event().execution)
    assert len(remove(world).removed) == 4
    assert world.pools() == []


def test_a_second_pool_of_ours_goes_too(world: Any) -> None:
    provision(world)
    world.cognito.create_user_pool(
        PoolName="stack-dev", UserPoolTags=dict(world.pools()[0]["UserPoolTags"])
    )
    assert len([name for name in remove(world).removed if name.startswith("user pool ")]) == 2
    nothing_is_left(world)


def test_one_wrong_answer_leaves_no_secret(world: Any) -> None:
    provision(world)
    failing = Failing("secretsmanager", "DescribeSecret", "notFound")
    with failing.watching([world.clients.secrets]):
        done = remove(world)
    assert "secret stack/dev/password" in done.removed
    nothing_is_left(world)


def test_what_an_earlier_type_left_goes(world: Any) -> None:
    provision(world, **MACHINE)
    provision(world, auth={"type": "iam"})
    assert len(remove(world).removed) == 5
    nothing_is_left(world)


def test_after_a_switch_the_secrets_of_both_flows_go(world: Any) -> None:
    provision(world)
    provision(world, **MACHINE)
    assert set(world.secret_names()) == {"stack/dev/password", "stack/dev/machine"}
    assert {"secret stack/dev/password", "secret stack/dev/machine"} <= set(remove(world).removed)
    nothing_is_left(world)


def test_what_is_not_ours_stays_and_is_named(world: Any) -> None:
    theirs = world.cognito.create_user_pool(PoolName="stack-dev")["UserPool"]["Id"]
    world.secrets.create_secret(Name="stack/dev/password", SecretString="theirs")
    done = remove(world)
    assert done.removed == []
    assert [kept.resource for kept in done.kept] == [
        f"user pool stack-dev ({theirs})",
        "secret stack/dev/password",
    ]
    assert all("but not its tags" in kept.reason for kept in done.kept)
    assert len(world.pools()) == 1
    assert world.secret_names() == ["stack/dev/password"]


def test_another_environments_pool_stays(world: Any) -> None:
    other = world.cognito.create_user_pool(
        PoolName="stack-dev",
        UserPoolTags={
            "agentcore-lifecycle:stack": "stack",
            "agentcore-lifecycle:environment": "other",
        },
    )["UserPool"]["Id"]
    assert remove(world).removed == []
    assert [pool["Id"] for pool in world.pools()] == [other]


def test_a_provider_of_the_callers_own_is_kept(world: Any) -> None:
    provision(world, **JWT)
    done = remove(world)
    assert [kept.resource for kept in done.kept] == [
        JWT["auth"]["discoveryUrl"],
        JWT["auth"]["tokenSecretArn"],
    ]
    assert world.record.identity is None


def test_a_dry_run_touches_nothing(world: Any) -> None:
    provision(world, **MACHINE)
    before = world.identity
    counting = world.counting()
    plan = delete_identity(world.event(action="teardown", dryRun=True), clients=counting)
    assert len(plan.would_remove) == 5
    assert world.identity == before
    assert len(world.pools()) == 1
    assert {name[:4] for name in counting.calls} <= {"GetI", "Desc", "List"}
    assert plan.removed == []
    assert len(remove(world).removed) == 5


def test_what_refuses_to_go_is_named_and_the_rest_goes(world: Any) -> None:
    provision(world)
    clients = world.counting()
    clients.cognito.meta.events.register_first(
        "before-parameter-build.cognito-identity-provider.DeleteUserPool", _deny
    )
    event = world.event(action="teardown")
    with pytest.raises(TeardownIncompleteError, match=r"user pool stack-dev .*AccessDenied"):
        delete_identity(event, clients=clients)
    assert world.secret_names() == []
    assert world.identity.user_pool_id == world.pools()[0]["Id"]
    remove(world)
    nothing_is_left(world)


def _deny(**_: Any) -> None:
    raise ClientError(
        {
            "Error": {"Code": "AccessDeniedException", "Message": "with an explicit deny"},
            "ResponseMetadata": {"HTTPStatusCode": 400},
        },
        "DeleteUserPool",
    )


def test_what_is_still_there_after_its_deletion_is_named_and_tried_again(world: Any) -> None:
    provision(world)
    clients = world.counting()
    # The service says yes and deletes later.
    clients.cognito.meta.events.register_first(
        "before-call.cognito-identity-provider.DeleteUserPool", _say_yes
    )
    with pytest.raises(ServiceUnavailableError, match=r"user pool .* is still being deleted"):
        delete_identity(world.event(action="teardown"), clients=clients)
    assert world.identity.user_pool_id


def test_a_pool_waits_for_its_domain_to_be_gone(world: Any) -> None:
    provision(world, **MACHINE)
    clients = world.counting()
    events = clients.cognito.meta.events
    events.register_first("before-call.cognito-identity-provider.DeleteUserPoolDomain", _say_yes)
    for _ in range(2):
        with pytest.raises(ServiceUnavailableError, match=r"domain .* is still being deleted"):
            delete_identity(world.event(action="teardown"), clients=clients)
        # The second time it is on its way, and refuses to be deleted again.
        events.register("after-call.cognito-identity-provider.DescribeUserPoolDomain", _going)
        events.register_first(
            "before-call.cognito-identity-provider.DeleteUserPoolDomain", _no_such_domain
        )
    assert "DeleteUserPool" not in clients.calls
    remove(world)
    nothing_is_left(world)


def _going(parsed: dict[str, Any], **_: Any) -> None:
    parsed["DomainDescription"]["Status"] = "DELETING"


def _no_such_domain(**_: Any) -> None:
    raise ClientError(
        {
            "Error": {"Code": "InvalidParameterException", "Message": "No such domain"},
            "ResponseMetadata": {"HTTPStatusCode": 400},
        },
        "DeleteUserPoolDomain",
    )


def test_a_domain_that_somebody_deletes_meanwhile_is_gone(world: Any) -> None:
    provision(world, **MACHINE)
    identity, clients = world.identity, world.counting()

    def delete_it_first(**_: Any) -> None:
        world.cognito.delete_user_pool_domain(
            Domain=identity.domain, UserPoolId=identity.user_pool_id
        )
        _no_such_domain()

    clients.cognito.meta.events.register_first(
        "before-call.cognito-identity-provider.DeleteUserPoolDomain", delete_it_first
    )
    delete_identity(world.event(action="teardown"), clients=clients)
    nothing_is_left(world)


class _Yes:
    status_code = 200


def _say_yes(**_: Any) -> Any:
    return _Yes(), {}


@pytest.mark.parametrize("request_", [{}, MACHINE], ids=["password", "clientCredentials"])
def test_killed_after_any_call_nothing_is_left(
    kill_everywhere: Any, request_: dict[str, Any]
) -> None:
    told: list[Any] = []

    def act(world: Any, clients: Any) -> None:
        told.append(delete_identity(world.event(action="teardown"), clients=clients))

    def check(world: Any) -> None:
        nothing_is_left(world)
        # A repetition tells what the call that was killed has removed.
        for kind in ("app client", "user pool", "secret"):
            assert any(item.startswith(kind) for item in told[-1].removed), kind

    calls = kill_everywhere(lambda world: provision(world, **request_), act, check)
    assert calls >= 10


def test_a_half_made_identity_is_removed_whole(kill_everywhere: Any) -> None:
    """Whatever a killed provision left, one teardown removes it."""

    def provision_then_remove(world: Any, clients: Any) -> None:
        if clients.killer.after is not None:
            provision_identity(world.event(**MACHINE), clients=clients)
        remove(world)

    kill_everywhere(lambda world: None, provision_then_remove, nothing_is_left)


def test_after_a_teardown_the_next_provision_works(world: Any) -> None:
    provision(world)
    remove(world)
    provision(world)
    assert world.sign_in()


def test_the_handler_returns_the_contracts_keys(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delete_identity, "__kwdefaults__", {"clients": world.clients})
    monkeypatch.setenv("POWERTOOLS_TRACE_DISABLED", "true")
    event = world.event(action="teardown").model_dump(mode="json", by_alias=True)
    assert handler.handler(event, LambdaContext()) == {
        "done": True,
        "removed": [],
        "wouldRemove": [],
        "kept": [],
        "lookedFor": LOOKED_FOR,
    }
