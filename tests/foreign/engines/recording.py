"""Records what the roles of a stack asked for while tests ran, to be judged afterwards by `permissions`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from local.edge.iam.authorization import Authorization
from local.edge.iam.permission import ANY_RESOURCE, BEARER, Permission, Sender
from tests.foreign.engines.iam import named


class Recording:
    """What roles asked for, each permission once.

    Attributes:
        calls: How many calls were held against policies.
        asked: Each permission: the role, the action, the resource, and the condition keys.
    """

    def __init__(self) -> None:
        self.calls = 0
        self._asked: dict[str, dict[str, Any]] = {}

    @property
    def asked(self) -> list[dict[str, Any]]:
        """Each permission once, in the order of the first call."""
        return [*self._asked.values()]

    def add(self, asked: dict[str, Any]) -> None:
        """Add a permission that a call needed."""
        self._asked.setdefault(json.dumps(asked, sort_keys=True), asked)


@contextmanager
def recorded_permissions() -> Iterator[Recording]:
    """Record every permission that the local AWS holds against a role's policies."""
    recording = Recording()
    original = Authorization.lacks

    # Here and not where a request is refused: a gateway asks for its caller's own rights to a runtime here.
    def lacks(
        self: Authorization,
        role_arn: str,
        wanted: Iterable[Permission],
        sender: Sender | None = None,
    ) -> str | None:
        wanted = [*wanted]
        # Those without policies of their own leave nothing to judge.
        if role_arn in (self.root, BEARER):
            return original(self, role_arn, wanted, sender)
        recording.calls += 1
        for needed in wanted:
            resource = needed.resource or ANY_RESOURCE
            tags = {} if resource == ANY_RESOURCE else self._tags_of(resource)
            context = {f"aws:ResourceTag/{key}": value for key, value in tags.items()}
            recording.add(
                {
                    "principal": role_arn,
                    "account": role_arn.split(":")[4],
                    "action": needed.action,
                    "resource": named(needed.action, resource),
                    "context": {**context, **needed.context},
                }
            )
        return original(self, role_arn, wanted, sender)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Authorization, "lacks", lacks)
        yield recording


def policies_of(iam: Any) -> dict[str, list[Any]]:
    """The documents of every role's policies, as they were deployed from the transformed template.

    Args:
        iam: A boto3 IAM client.
    """
    found = {}
    for role in iam.list_roles()["Roles"]:
        name = role["RoleName"]
        documents = [
            iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
            for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]
        ]
        for policy in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
            arn = policy["PolicyArn"]
            version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
            documents.append(
                iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"][
                    "Document"
                ]
            )
        found[role["Arn"]] = documents
    return found


def write(recording: Recording, iam: Any, folder: Path, name: str) -> None:
    """Write a recording and the roles' policies into a folder, as one file."""
    folder.mkdir(parents=True, exist_ok=True)
    found = {"calls": recording.calls, "asked": recording.asked, "policies": policies_of(iam)}
    (folder / f"{name}.json").write_text(json.dumps(found), encoding="utf-8")
