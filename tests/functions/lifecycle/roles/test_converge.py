"""Roles of environments: made whole, repaired by name, removed, and never somebody else's."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError
from moto import mock_aws

from lifecycle import names
from lifecycle.errors import CredentialsError, ServiceUnavailableError
from lifecycle.roles.converge import converge_role, remove_role
from lifecycle.roles.wanted import INLINE_POLICY, WantedRole, policy_of, trust_of
from tests.functions.lifecycle.killer import Killed, Killer

ACCOUNT = "123456789012"
OPEN = policy_of({"Effect": "Allow", "Action": "*", "Resource": "*"})


@pytest.fixture
def iam() -> Iterator[Any]:
    with mock_aws():
        yield boto3.client("iam", region_name="us-west-2")


def policy(iam: Any, name: str) -> str:
    document = json.dumps(policy_of({"Effect": "Allow", "Action": "s3:*", "Resource": "*"}))
    arn: str = iam.create_policy(PolicyName=name, PolicyDocument=document)["Policy"]["Arn"]
    return arn


@pytest.fixture
def wanted(iam: Any) -> WantedRole:
    return WantedRole.of(
        "stack",
        "dev",
        "agent",
        trust=trust_of(ACCOUNT, f"arn:aws:bedrock-agentcore:us-west-2:{ACCOUNT}:*"),
        policy=policy_of({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}),
        boundary=policy(iam, "most"),
        tags_too={"team": "a"},
        attached=frozenset({policy(iam, "agents")}),
    )


def seen(iam: Any, name: str) -> dict[str, Any]:
    """Everything that counts of a role."""
    role = iam.get_role(RoleName=name)["Role"]
    inline = iam.list_role_policies(RoleName=name)["PolicyNames"]
    return {
        "path": role["Path"],
        "trust": role["AssumeRolePolicyDocument"],
        "boundary": role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
        "tags": {tag["Key"]: tag["Value"] for tag in role["Tags"]},
        "inline": {
            each: iam.get_role_policy(RoleName=name, PolicyName=each)["PolicyDocument"]
            for each in inline
        },
        "attached": {
            item["PolicyArn"]
            for item in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
        },
    }


def as_wanted(wanted: WantedRole) -> dict[str, Any]:
    return {
        "path": "/agentcore-lifecycle/stack/",
        "trust": wanted.trust,
        "boundary": wanted.boundary,
        "tags": {**names.tags("stack", "dev"), "team": "a"},
        "inline": {INLINE_POLICY: wanted.policy},
        "attached": set(wanted.attached),
    }


def test_a_role_is_made_whole_and_then_left_alone(iam: Any, wanted: WantedRole) -> None:
    made = converge_role(iam, wanted)
    assert made.created
    assert made.arn == f"arn:aws:iam::{ACCOUNT}:role/agentcore-lifecycle/stack/{wanted.name}"
    assert seen(iam, wanted.name) == as_wanted(wanted)
    again = converge_role(iam, wanted, former=wanted.policy)
    assert (again.arn, again.created, again.repaired) == (made.arn, False, [])


def _give_policy(iam: Any, name: str) -> None:
    iam.attach_role_policy(RoleName=name, PolicyArn=policy(iam, "more"))


DRIFT: list[tuple[Callable[[Any, str], Any], str]] = [
    (
        lambda iam, name: iam.update_assume_role_policy(
            RoleName=name, PolicyDocument=json.dumps(trust_of(ACCOUNT, "*"))
        ),
        "the trust policy of role {} was changed",
    ),
    (
        lambda iam, name: iam.delete_role_permissions_boundary(RoleName=name),
        "the permissions boundary of role {} was changed",
    ),
    (
        lambda iam, name: iam.put_role_policy(
            RoleName=name, PolicyName=INLINE_POLICY, PolicyDocument=json.dumps(OPEN)
        ),
        "the policy of role {} was changed",
    ),
    (
        lambda iam, name: iam.put_role_policy(
            RoleName=name, PolicyName="open", PolicyDocument=json.dumps(OPEN)
        ),
        "role {} was given the policy open",
    ),
    (_give_policy, f"role {{}} was given the policy arn:aws:iam::{ACCOUNT}:policy/more"),
    (
        lambda iam, name: iam.detach_role_policy(
            RoleName=name, PolicyArn=f"arn:aws:iam::{ACCOUNT}:policy/agents"
        ),
        f"the policy arn:aws:iam::{ACCOUNT}:policy/agents was taken from role {{}}",
    ),
    (
        lambda iam, name: iam.untag_role(RoleName=name, TagKeys=["team"]),
        "the tags of role {} were changed: team",
    ),
]


@pytest.mark.parametrize(("change", "named"), DRIFT)
def test_drift_is_repaired_and_named(
    iam: Any, wanted: WantedRole, change: Callable[[Any, str], Any], named: str
) -> None:
    converge_role(iam, wanted)
    change(iam, wanted.name)
    assert seen(iam, wanted.name) != as_wanted(wanted)
    found = converge_role(iam, wanted, former=wanted.policy)
    assert found.repaired == [named.format(wanted.name)]
    assert seen(iam, wanted.name) == as_wanted(wanted)


@pytest.mark.parametrize(("change", "named"), DRIFT)
def test_what_an_execution_has_just_written_is_no_drift_when_iam_shows_it_late(
    iam: Any, wanted: WantedRole, change: Callable[[Any, str], Any], named: str
) -> None:
    converge_role(iam, wanted)
    change(iam, wanted.name)
    found = converge_role(iam, wanted, former=wanted.policy, fresh=True)
    # What the lifecycle never gives a role was not there before either.
    assert found.repaired == ([named.format(wanted.name)] if "was given" in named else [])
    assert seen(iam, wanted.name) == as_wanted(wanted)


def test_another_wish_is_no_drift(iam: Any, wanted: WantedRole) -> None:
    converge_role(iam, wanted)
    other = replace(wanted, policy=OPEN, tags=names.tags("stack", "dev") | {"owner": "b"})
    found = converge_role(iam, other, former=wanted.policy, former_tags=wanted.tags)
    assert found.repaired == []
    assert seen(iam, wanted.name)["inline"] == {INLINE_POLICY: OPEN}
    assert seen(iam, wanted.name)["tags"] == {**names.tags("stack", "dev"), "owner": "b"}


def test_a_tag_whose_case_changes_is_not_taken_away_again(iam: Any, wanted: WantedRole) -> None:
    """IAM user guide: keys of tags are not case-sensitive, so `Team` and `team` is one tag."""
    converge_role(iam, wanted)
    made: list[str] = []
    iam.meta.events.register("after-call", lambda model, **_: made.append(model.name))
    other = replace(wanted, tags=names.tags("stack", "dev") | {"Team": "a"})
    found = converge_role(iam, other, former=wanted.policy, former_tags=wanted.tags)
    assert [each for each in made if "tag" in each.lower()] == ["UntagRole", "TagRole"]
    assert found.repaired == []
    assert seen(iam, wanted.name)["tags"] == dict(other.tags)


def test_a_role_without_the_environments_tags_is_neither_changed_nor_removed(
    iam: Any, wanted: WantedRole
) -> None:
    converge_role(iam, replace(wanted, tags=names.tags("stack", "other")))
    before = seen(iam, wanted.name)
    with pytest.raises(CredentialsError, match="its tags do not say that stack stack created it"):
        converge_role(iam, wanted)
    assert not remove_role(iam, wanted.name, wanted.owner)
    assert seen(iam, wanted.name) == before


def test_a_role_is_removed_with_all_that_it_has(iam: Any, wanted: WantedRole) -> None:
    converge_role(iam, wanted)
    _give_policy(iam, wanted.name)
    assert remove_role(iam, wanted.name, wanted.owner)
    assert iam.list_roles(PathPrefix=wanted.path)["Roles"] == []
    assert not remove_role(iam, wanted.name, wanted.owner)


@contextmanager
def refused(
    iam: Any, operation: str, code: str, status: int, message: str = "no"
) -> Iterator[None]:
    """IAM refuses an operation."""

    def refuse(**_: Any) -> tuple[AWSResponse, dict[str, Any]]:
        told = {"Code": code, "Message": message}
        metadata = {"HTTPStatusCode": status}
        return AWSResponse("", status, {}, None), {"Error": told, "ResponseMetadata": metadata}

    event = f"before-call.iam.{operation}"
    iam.meta.events.register(event, refuse)
    try:
        yield
    finally:
        iam.meta.events.unregister(event, refuse)


@pytest.mark.parametrize("operation", ["PutRolePolicy", "AttachRolePolicy"])
@pytest.mark.parametrize(("code", "status"), [("NoSuchEntity", 404), ("AccessDenied", 403)])
def test_a_role_that_iam_does_not_show_yet_is_finished_by_the_next_call(
    iam: Any, wanted: WantedRole, operation: str, code: str, status: int
) -> None:
    """A role that is not there has no path and no boundary, by which the function's policy allows these calls."""
    with refused(iam, operation, code, status):
        for _ in range(2):
            with pytest.raises(ServiceUnavailableError, match="IAM does not show all of it yet"):
                converge_role(iam, wanted)
    found = converge_role(iam, wanted)
    assert (found.created, found.repaired) == (False, [])
    assert seen(iam, wanted.name) == as_wanted(wanted)


def test_a_denial_for_good_is_told(
    iam: Any, wanted: WantedRole, monkeypatch: pytest.MonkeyPatch
) -> None:
    denied = ("PutRolePolicy", "AccessDenied", 403)
    with refused(iam, *denied, "with an explicit deny"), pytest.raises(ClientError):
        converge_role(iam, wanted)
    later = time.time() + 90
    monkeypatch.setattr(time, "time", lambda: later)
    with refused(iam, *denied), pytest.raises(ClientError):
        converge_role(iam, wanted)


def test_a_role_whose_policies_iam_has_not_taken_away_yet_goes_with_the_next_call(
    iam: Any, wanted: WantedRole
) -> None:
    converge_role(iam, wanted)
    with (
        refused(iam, "DeleteRole", "DeleteConflict", 409),
        pytest.raises(ServiceUnavailableError, match="still has policies"),
    ):
        remove_role(iam, wanted.name, wanted.owner)
    assert remove_role(iam, wanted.name, wanted.owner)
    assert iam.list_roles(PathPrefix=wanted.path)["Roles"] == []


def test_a_call_that_ends_anywhere_leaves_what_the_next_one_finishes(
    iam: Any, wanted: WantedRole
) -> None:
    killer = Killer()
    iam.meta.events.register("after-call", lambda model, **_: killer.count(model.name))
    for stage in (
        lambda: converge_role(iam, wanted),
        lambda: remove_role(iam, wanted.name, wanted.owner),
    ):
        count = 0
        while True:
            count += 1
            killer.start(count)
            try:
                stage()
            except Killed:
                killer.start()
                continue
            break
        killer.start()
        there = [role["RoleName"] for role in iam.list_roles(PathPrefix=wanted.path)["Roles"]]
        if there:
            assert seen(iam, wanted.name) == as_wanted(wanted)
    assert there == []


@pytest.mark.parametrize("environment", ["dev", "a-b", "a" * 24])
@pytest.mark.parametrize("stack", ["s", "agentcore-lifecycle", "x" * 128])
def test_names_fit_and_differ(stack: str, environment: str) -> None:
    made = {names.role_name(stack, environment, purpose) for purpose in ("agent", "gateway")}
    assert len(made) == 2
    assert all(len(name) <= 64 and name.startswith("agentcore-") for name in made)
    assert names.role_name("a", "b-c", "agent") != names.role_name("a-b", "c", "agent")
