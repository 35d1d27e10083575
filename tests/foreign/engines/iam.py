"""An IAM evaluator that is not ours, held against what the local AWS allowed and refused.

What a request needs (actions, resources, context) is read from our own table, `local/edge/iam/permissions.py`;
whether a role's policies allow it, and whether the action knows such a resource and such condition keys, is
judged by `@cloud-copilot/iam-simulate` with the service authorization reference.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from local.edge.iam.authorization import Authorization
from local.edge.iam.permission import ANY_RESOURCE
from tests.foreign import javascript

SCRIPT = Path(__file__).with_name("iam.mjs")
ALLOWED = "Allowed"
WITHOUT_RESOURCES = {"logs:DescribeLogGroups"}
"""Actions that have no resource types in the reference, and a resource in our table."""

OTHER_RESOURCES = {
    # The reference names the type delivery-destination.
    "logs:DeleteDeliverySource",
    # The reference names memories and payment managers only.
    "bedrock-agentcore:AllowVendedLogDeliveryForResource",
}
"""Actions for which the reference does not have the type of our resource, so that the evaluator cannot judge them."""
NOT_IN_REFERENCE = {"bedrock-agentcore:CreateTokenVault"}
"""Actions that the reference does not have at all; the evaluator calls them invalid."""


@dataclass(frozen=True)
class Asked:
    """One permission that a role needed for a call.

    Attributes:
        principal: The role's ARN.
        account: The account of the resource.
        action: Such as `s3:GetObject`.
        resource: An ARN, or `*`.
        context: The condition keys of the request and of the resource.
        policies: The documents of the role's policies at that time.
    """

    principal: str
    account: str
    action: str
    resource: str
    context: Mapping[str, Any]
    policies: list[Any]

    def key(self) -> str:
        """Return what tells it from others, as a text."""
        return json.dumps(asdict(self), sort_keys=True)

    def without_its_action(self) -> Asked:
        """Return the same with policies that do not name the action."""
        return replace(self, policies=[_without(policy, self.action) for policy in self.policies])


@dataclass(frozen=True)
class Call:
    """A call: what it needed, and why the local AWS refused it (`None` if it did not)."""

    asked: tuple[Asked, ...]
    refusal: str | None


def named(action: str, resource: str) -> str:
    """Return a resource as the service authorization reference has it for an action."""
    if action in WITHOUT_RESOURCES or resource == ANY_RESOURCE:
        return ANY_RESOURCE
    # What the service chooses itself when it makes the resource: any name does.
    return resource.replace("*", "x").replace("?", "x")


def can_be_judged(asked: Asked) -> bool:
    """Say whether the evaluator knows such a resource.

    It does not know an ARN without a Region, `arn:aws:bedrock:::foundation-model/…`, which a global
    inference profile needs (Amazon Bedrock user guide, "Prerequisites for inference profiles").
    For some actions its reference has another type than the resource's, and some it does not have.
    """
    unknown = asked.action in OTHER_RESOURCES | NOT_IN_REFERENCE
    return not unknown and not asked.resource.startswith("arn:aws:bedrock:::")


def to_be_judged(calls: list[Call]) -> dict[str, Asked]:
    """Return what calls asked and the evaluator can judge, each once, by its key."""
    return {each.key(): each for call in calls for each in call.asked if can_be_judged(each)}


def judged(asked: list[Asked]) -> list[str]:
    """Return the evaluator's verdict on each: `Allowed`, `ImplicitlyDenied`, `ExplicitlyDenied` or an error."""
    verdicts: list[str] = javascript.run(SCRIPT, [asdict(each) for each in asked])
    assert len(verdicts) == len(asked)
    return verdicts


@contextmanager
def recorded_calls() -> Iterator[list[Call]]:
    """Record every call that the local AWS holds against a role's policies."""
    calls: list[Call] = []
    original = Authorization.refusal

    def refusal(
        self: Authorization,
        role_arn: str,
        service: str,
        operation: str,
        members: Mapping[str, Any],
        *sender: Any,
    ) -> str | None:
        policies = json.loads(json.dumps([*self._policies_of(role_arn)]))
        account = role_arn.split(":")[4]
        asked = []
        for needed in self.needed(service, operation, members):
            resource = needed.resource or ANY_RESOURCE
            tags = {} if resource == ANY_RESOURCE else self._tags_of(resource)
            context = {f"aws:ResourceTag/{key}": value for key, value in tags.items()}
            asked.append(
                Asked(
                    role_arn,
                    account,
                    needed.action,
                    named(needed.action, resource),
                    {**context, **needed.context},
                    policies,
                )
            )
        why = original(self, role_arn, service, operation, members, *sender)
        calls.append(Call(tuple(asked), why))
        return why

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Authorization, "refusal", refusal)
        yield calls


def _without(policy: Any, action: str) -> Any:
    statements = policy["Statement"]
    kept = []
    for statement in statements if isinstance(statements, list) else [statements]:
        actions = statement["Action"]
        others = [
            each for each in ([actions] if isinstance(actions, str) else actions) if each != action
        ]
        if others:
            kept.append({**statement, "Action": others})
    return {**policy, "Statement": kept}
