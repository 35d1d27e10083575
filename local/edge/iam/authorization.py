"""Holds a caller's requests against policies, as IAM does: action, resource and conditions.

Identity-based policies, permissions boundaries, and the policies of AgentCore's resources: there is one account here,
without session or service control policies.
Sources: IAM user guide, "Policy evaluation logic"; AgentCore developer guide, "Resource-based policies for Amazon
Bedrock AgentCore".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from local.edge.iam.conditions import Context
from local.edge.iam.permission import (
    BEARER,
    Members,
    Permission,
    Place,
    Sender,
    context_of,
)
from local.edge.iam.permissions import permissions
from local.edge.iam.roles import RoleOf, of_roles
from local.edge.iam.statements import (
    Policy,
    Statements,
    about,
    effects,
    look_at_keys,
    statements_of,
)

PoliciesOf = Callable[[str], Iterable[Policy]]
"""Returns the documents of all policies of a role, by the role's ARN."""
BoundaryOf = Callable[[str], Policy | None]
"""Returns the document of a role's permissions boundary, by the role's ARN; `None` if the role has none."""
ResourcePolicyOf = Callable[[str], Policy | None]
"""Returns the document of the policy that is attached to a resource, by its ARN; `None` if it has none."""
TagsOf = Callable[[str], Mapping[str, str]]
"""Returns the tags of a resource, by its ARN; none where there is no such resource."""


class Authorization:
    """Says what a caller may not do.

    Args:
        place: Region and account.
        policies_of: Where policies come from.
        tags_of: Where tags for `aws:ResourceTag` come from.
        boundary_of: Where permissions boundaries come from.
        role_of: Knows the roles that requests to IAM are about.
        resource_policy_of: Where the policies of resources come from.
        silence_refuses: Says whether the policy of a resource refuses an action that it does not mention, which is not
            settled.
    """

    def __init__(
        self,
        place: Place,
        policies_of: PoliciesOf,
        tags_of: TagsOf,
        boundary_of: BoundaryOf = lambda _: None,
        role_of: RoleOf = lambda _: None,
        resource_policy_of: ResourcePolicyOf = lambda _: None,
        silence_refuses: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self._place = place
        self._policies_of = policies_of
        self._tags_of = tags_of
        self._boundary_of = boundary_of
        self._role_of = role_of
        self._resource_policy_of = resource_policy_of
        self._silence_refuses = silence_refuses

    @property
    def root(self) -> str:
        """ARN of the account's root user."""
        return self._place.root

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
            role_arn: The caller's role, or the account's root user.
            service: botocore's name of the service.
            operation: botocore's name of the operation.
            members: The request's input by its names on the wire.
            sender: Where the request comes from; without it those condition keys are missing.
        """
        return self.lacks(role_arn, self.needed(service, operation, members), sender)

    def needed(self, service: str, operation: str, members: Members) -> Iterable[Permission]:
        """Return the permissions that a request needs.

        Args:
            service: botocore's name of the service.
            operation: botocore's name of the operation.
            members: The request's input by its names on the wire.
        """
        of_role = (
            of_roles(operation, members, self._place, self._role_of) if service == "iam" else None
        )
        return of_role or permissions(service, operation, members, self._place)

    def lacks(
        self, role_arn: str, wanted: Iterable[Permission], sender: Sender | None = None
    ) -> str | None:
        """Return which of some permissions a caller does not have, in IAM's words; `None` if it has them all.

        Args:
            role_arn: Its role; or the account's root user, or `BEARER`, which only policies of resources limit.
            wanted: The permissions.
            sender: Where the request comes from.
        """
        kinds = [] if role_arn in (self._place.root, BEARER) else self._own(role_arn)
        for needed in wanted:
            for kind, statements in kinds:
                why = self._missing(role_arn, needed, sender, statements, kind)
                if why is not None:
                    return self._refusal(role_arn, needed, why)
            why = self._refused_by_resource(role_arn, needed, sender)
            if why is not None:
                return self._refusal(role_arn, needed, why)
        return None

    def _own(self, role_arn: str) -> list[tuple[str, Statements]]:
        boundary = self._boundary_of(role_arn)
        kinds = [("identity-based policy", statements_of(self._policies_of(role_arn)))]
        if boundary is not None:
            # What a boundary does not allow, no policy of the role can (IAM user guide, "Permissions boundaries").
            kinds.append(("permissions boundary", statements_of([boundary])))
        return kinds

    def _refusal(self, caller: str, needed: Permission, why: str) -> str:
        user = caller
        if ":role/" in caller:
            name = caller.rpartition("/")[2]
            user = f"arn:aws:sts::{self._place.account_id}:assumed-role/{name}/session"
        who = "The caller" if caller == BEARER else f"User: {user}"
        return f"{who} is not authorized to perform: {needed.action} on resource: {needed.resource or '*'} {why}"

    def _missing(
        self,
        role_arn: str,
        needed: Permission,
        sender: Sender | None,
        statements: Statements,
        kind: str,
    ) -> str | None:
        context = self._context(role_arn, needed, sender) if look_at_keys(statements) else {}
        said = effects(statements, needed, context)
        article = "an" if kind.startswith("i") else "a"
        if "Deny" in said:
            return f"with an explicit deny in {article} {kind}"
        return None if "Allow" in said else f"because no {kind} allows the {needed.action} action"

    def _refused_by_resource(
        self, caller: str, needed: Permission, sender: Sender | None
    ) -> str | None:
        """Return why the policy of the resource refuses a call; `None` if it does not, or there is none.

        Its `Allow` gives no permission here that the caller's own policies do not give: the guide says both.
        """
        policy = self._resource_policy_of(needed.resource) if needed.resource is not None else None
        if policy is None:
            return None
        said = effects(
            about(statements_of([policy]), caller), needed, self._context(caller, needed, sender)
        )
        if "Deny" in said:
            return "with an explicit deny in a resource-based policy"
        if "Allow" in said or not self._silence_refuses(needed.action):
            return None
        return f"because no resource-based policy allows the {needed.action} action"

    def _context(self, caller: str, needed: Permission, sender: Sender | None) -> Context:
        tags = self._tags_of(needed.resource) if needed.resource is not None else {}
        return context_of(self._place, tags, caller, needed, sender)
