"""Holds a role's requests against the role's own policies, as IAM does: action, resource and conditions.

Identity-based policies and permissions boundaries only: there is one account here, without session or service control
policies.
Source: IAM user guide, "Policy evaluation logic" and "IAM JSON policy elements reference".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from local.edge.iam.conditions import (
    Context,
    UnknownOperatorError,
    UnknownVariableError,
    holds,
    like,
    substituted,
)
from local.edge.iam.permission import Members, Permission, Place
from local.edge.iam.permissions import permissions
from local.edge.iam.roles import RoleOf, of_roles

_WITH_VARIABLES = "2012-10-17"
"""The version of the policy language that has policy variables; without a version it is 2008-10-17."""

Policy = Mapping[str, Any]
PoliciesOf = Callable[[str], Iterable[Policy]]
"""Returns the documents of all policies of a role, by the role's ARN."""
BoundaryOf = Callable[[str], Policy | None]
"""Returns the document of a role's permissions boundary, by the role's ARN; `None` if the role has none."""
TagsOf = Callable[[str], Mapping[str, str]]
"""Returns the tags of a resource, by its ARN; none where there is no such resource."""


@dataclass(frozen=True)
class Sender:
    """What a request says of where it comes from and goes to, for the condition keys that every service has.

    Attributes:
        region: The Region that it was signed for.
        source_ip: The caller's address.
        user_agent: Its `User-Agent`, if it has one.
        referer: Its `Referer`, if it has one.
        at: When it came in, in seconds since the epoch.
    """

    region: str
    source_ip: str
    user_agent: str | None
    referer: str | None
    at: float


class Authorization:
    """Says what a role may not do.

    Args:
        place: Region and account.
        policies_of: Where policies come from.
        tags_of: Where tags for `aws:ResourceTag` come from.
        boundary_of: Where permissions boundaries come from.
        role_of: Knows the roles that requests to IAM are about.
    """

    def __init__(
        self,
        place: Place,
        policies_of: PoliciesOf,
        tags_of: TagsOf,
        boundary_of: BoundaryOf = lambda _: None,
        role_of: RoleOf = lambda _: None,
    ) -> None:
        self._place = place
        self._policies_of = policies_of
        self._tags_of = tags_of
        self._boundary_of = boundary_of
        self._role_of = role_of

    def refusal(
        self,
        role_arn: str,
        service: str,
        operation: str,
        members: Members,
        sender: Sender | None = None,
    ) -> str | None:
        """Return why a request is refused, in IAM's words; `None` if it is allowed.

        Args:
            role_arn: The caller's role.
            service: botocore's name of the service.
            operation: botocore's name of the operation.
            members: The request's input by its names on the wire.
            sender: Where the request comes from; without it those condition keys are missing.
        """
        of_role = (
            of_roles(operation, members, self._place, self._role_of) if service == "iam" else None
        )
        wanted = of_role or permissions(service, operation, members, self._place)
        return self.lacks(role_arn, wanted, sender)

    def lacks(
        self, role_arn: str, wanted: Iterable[Permission], sender: Sender | None = None
    ) -> str | None:
        """Return which of some permissions a role does not have, in IAM's words; `None` if it has them all."""
        boundary = self._boundary_of(role_arn)
        kinds = [("identity-based policy", _statements(self._policies_of(role_arn)))]
        if boundary is not None:
            # What a boundary does not allow, no policy of the role can (IAM user guide, "Permissions boundaries").
            kinds.append(("permissions boundary", _statements([boundary])))
        for needed in wanted:
            for kind, statements in kinds:
                why = self._missing(role_arn, needed, sender, statements, kind)
                if why is not None:
                    name = role_arn.rpartition("/")[2]
                    return (
                        f"User: arn:aws:sts::{self._place.account_id}:assumed-role/{name}/session is not authorized "
                        f"to perform: {needed.action} on resource: {needed.resource or '*'} {why}"
                    )
        return None

    def _missing(
        self,
        role_arn: str,
        needed: Permission,
        sender: Sender | None,
        statements: list[tuple[Mapping[str, Any], bool]],
        kind: str,
    ) -> str | None:
        context = self._context(role_arn, needed, sender) if _looks(statements) else {}
        said = [
            each["Effect"]
            for each, variables in statements
            if _fits(each, needed, context, variables=variables)
        ]
        article = "an" if kind.startswith("i") else "a"
        if "Deny" in said:
            return f"with an explicit deny in {article} {kind}"
        return None if "Allow" in said else f"because no {kind} allows the {needed.action} action"

    def _context(self, role_arn: str, needed: Permission, sender: Sender | None) -> Context:
        """Return the condition keys of a request.

        Keys that a request here never has are left out, as AWS leaves them out: those of organizations, VPC endpoints,
        federation, MFA and calls made by a service in the caller's name.
        """
        context: dict[str, str | tuple[str, ...]] = {
            "aws:PrincipalAccount": self._place.account_id,
            "aws:PrincipalArn": role_arn,
            "aws:PrincipalIsAWSService": "false",
            "aws:PrincipalType": "AssumedRole",
            # Loopback counts as encrypted.
            "aws:SecureTransport": "true",
            "aws:ViaAWSService": "false",
        }
        if sender is not None:
            moment = datetime.fromtimestamp(sender.at, UTC)
            context |= {
                "aws:CurrentTime": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "aws:EpochTime": str(int(sender.at)),
                "aws:RequestedRegion": sender.region,
                "aws:SourceIp": sender.source_ip,
            }
            if sender.user_agent is not None:
                context["aws:UserAgent"] = sender.user_agent
            if sender.referer is not None:
                context["aws:Referer"] = sender.referer
        if needed.resource is not None:
            parts = needed.resource.split(":", 5)
            owner = (parts[4] if len(parts) == 6 else "") or self._place.account_id
            context["aws:ResourceAccount"] = owner
            service = needed.action.partition(":")[0]
            if service == "s3":
                context["s3:ResourceAccount"] = owner
            for key, value in self._tags_of(needed.resource).items():
                context[f"aws:ResourceTag/{key}"] = value
                context[f"{service}:ResourceTag/{key}"] = value
        return context | dict(needed.context)


def _statements(policies: Iterable[Policy]) -> list[tuple[Mapping[str, Any], bool]]:
    """Return each statement, and whether policy variables count in it."""
    return [
        (statement, policy.get("Version") == _WITH_VARIABLES)
        for policy in policies
        for statement in _several(policy["Statement"])
    ]


def _looks(statements: list[tuple[Mapping[str, Any], bool]]) -> bool:
    """Say whether any statement looks at the request's condition keys."""
    return any("Condition" in each or "${" in str(each) for each, _ in statements)


def _fits(
    statement: Mapping[str, Any], needed: Permission, context: Context, *, variables: bool
) -> bool:
    action = needed.action.lower()
    if "NotAction" in statement:
        if any(like(item.lower(), action) for item in _several(statement["NotAction"])):
            return False
    elif not any(like(item.lower(), action) for item in _several(statement["Action"])):
        return False
    try:
        return _meets(statement, needed, context, variables=variables)
    except UnknownVariableError:
        return False
    except UnknownOperatorError:
        # IAM takes no such policy. What it was meant to deny stays denied, what it was meant to allow is not allowed.
        return bool(statement["Effect"] == "Deny")


def _meets(
    statement: Mapping[str, Any], needed: Permission, context: Context, *, variables: bool
) -> bool:
    # What resource is meant is not always known here; then the action decides.
    if needed.resource is not None:
        named, wanted = ("NotResource", False) if "NotResource" in statement else ("Resource", True)
        items = _several(statement[named])
        if variables:
            items = [substituted(item, context) for item in items]
        if any(like(item, needed.resource) for item in items) is not wanted:
            return False
    return all(
        holds(operator, key, _several(values), context, variables=variables)
        for operator, keys in statement.get("Condition", {}).items()
        for key, values in keys.items()
    )


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
