"""How the gateway of an environment and its target must be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lifecycle import names
from lifecycle.doors.address import GATEWAY_TARGET
from lifecycle.doors.section import (
    AUTHORIZER_PART,
    ROLE_PART,
    TARGET_PART,
    GatewayRecord,
    echo_of,
    is_form_of,
)
from lifecycle.doors.target import credential_type, runtime_target
from lifecycle.errors import EnvironmentNotFoundError
from lifecycle.record import Record
from lifecycle.request.model import Request
from lifecycle.runtime import configuration
from lifecycle.runtime.comparison import agrees, covered
from lifecycle.runtime.configuration import AUTHORIZER
from lifecycle.sections.identity import IdentityRecord

_DRIFT = {
    AUTHORIZER_PART: "the gateway's authorizer was changed",
    ROLE_PART: "the gateway's role was changed",
}


@dataclass(frozen=True)
class Wanted:
    """The gateway and its target.

    Attributes:
        name: The gateway's name.
        role_arn: The role that AgentCore uses for it.
        authorizer: The runtime's `authorizerConfiguration`; None for IAM.
        runtime_arn: The runtime that the target leads to; empty while there is none yet, and no target.
        tags: The gateway's tags; a target has none.
        calls_by_itself: The gateway calls the runtime with its own role, not with what its caller signs in with.
    """

    name: str
    role_arn: str
    authorizer: dict[str, Any] | None
    runtime_arn: str
    tags: dict[str, str]
    calls_by_itself: bool = False

    @classmethod
    def of(
        cls,
        request: Request,
        record: Record,
        stack: str,
        role_arn: str,
        *,
        before_promotion: bool = False,
        calls_by_itself: bool = False,
    ) -> Wanted:
        """What is wanted for an environment whose version is promoted.

        Args:
            request: Of the provision or rollback, with the sign-in of the version that `live` serves.
            record: With the runtime, and with the identity that its callers sign in with.
            stack: The stack's name.
            role_arn: The gateway's role.
            before_promotion: No version of the request is promoted yet, and there may be no runtime: only a provision
                or rollback of a closed runtime deploys a gateway then.
            calls_by_itself: As the attribute.

        Raises:
            EnvironmentNotFoundError: The record lists no runtime.
            AwsCallError: The identity is not provisioned.
        """
        environment, runtime = request.environment, record.runtime
        arn = runtime.arn if runtime else None
        if arn is None and not before_promotion:
            raise EnvironmentNotFoundError(
                f"environment '{environment}' has no runtime; provision it again"
            )
        return cls(
            name=names.gateway_name(stack, environment),
            role_arn=role_arn,
            authorizer=configuration.authorizer(
                request, _identity(request, record, before_promotion)
            ),
            runtime_arn=arn or "",
            tags=names.tags(stack, environment) | request.tags,
            calls_by_itself=calls_by_itself,
        )

    @property
    def parts(self) -> dict[str, Any]:
        """The value of each part, for its digest."""
        return {
            AUTHORIZER_PART: [self._authorizer_type, self.authorizer],
            ROLE_PART: self.role_arn,
            TARGET_PART: self.target,
        }

    @property
    def gateway(self) -> dict[str, Any]:
        """What `CreateGateway` and `UpdateGateway` get. It has no `protocolType`: its targets take plain HTTP."""
        given = {} if self.authorizer is None else {"authorizerConfiguration": self.authorizer}
        return {
            "name": self.name,
            "roleArn": self.role_arn,
            "authorizerType": self._authorizer_type,
            **given,
        }

    @property
    def target(self) -> dict[str, Any]:
        """What `CreateGatewayTarget` and `UpdateGatewayTarget` get."""
        return target_to(self, GATEWAY_TARGET, names.LIVE_ENDPOINT)

    @property
    def _authorizer_type(self) -> str:
        return "AWS_IAM" if self.authorizer is None else "CUSTOM_JWT"

    def gateway_differences(self, observed: dict[str, Any], section: GatewayRecord) -> list[str]:
        """The parts in which a gateway, from `GetGateway`, is not what is wanted."""
        same = self._has_authorizer(observed) or self._is_echo(AUTHORIZER_PART, observed, section)
        found = [] if same else [AUTHORIZER_PART]
        if observed.get("roleArn") != self.role_arn:
            found.append(ROLE_PART)
        return found

    def drift(self, part: str, observed: dict[str, Any]) -> str:
        """How the output names a part that was changed by hand; never a value but an ARN."""
        if part != TARGET_PART:
            return _DRIFT[part]
        return _target_drift(observed, self.runtime_arn)

    def is_same_kind(self, observed: dict[str, Any]) -> bool:
        """Whether a target, from `GetGatewayTarget`, leads to a runtime; another kind has members of its own."""
        return bool(_runtime_of(observed)) or not observed.get("targetConfiguration")

    def target_differs(self, observed: dict[str, Any], section: GatewayRecord) -> bool:
        """Whether a target, from `GetGatewayTarget`, is not what is wanted."""
        same = self._has_target(observed)
        return not same and not self._is_echo(TARGET_PART, observed, section)

    def echoed(self, gateway: dict[str, Any], target: dict[str, Any]) -> dict[str, str]:
        """The digests of the parts that AgentCore gives back in another form than they were written in.

        What contradicts what was written is no form of it: it is repaired.

        Args:
            gateway: The answer of `GetGateway`, when it is ready.
            target: The answer of `GetGatewayTarget`, likewise.
        """
        found = {}
        same_type = gateway.get("authorizerType") == self._authorizer_type
        ours = {"authorizerConfiguration": self.authorizer or {}}
        if not self._has_authorizer(gateway) and same_type and is_form_of(ours, gateway):
            found[AUTHORIZER_PART] = echo_of(AUTHORIZER_PART, gateway)
        # Without its qualifier, a target leads to DEFAULT.
        runtime = {"arn": None, "qualifier": "DEFAULT"} | _runtime_of(target)
        whole_target = target | {"targetConfiguration": {"http": {"agentcoreRuntime": runtime}}}
        if not self._has_target(target) and is_form_of(self.target, whole_target):
            found[TARGET_PART] = echo_of(TARGET_PART, target)
        return found

    def _has_authorizer(self, observed: dict[str, Any]) -> bool:
        same_type = observed.get("authorizerType") == self._authorizer_type
        seen = observed.get("authorizerConfiguration")
        return same_type and agrees(AUTHORIZER, self.authorizer, seen)

    def _has_target(self, observed: dict[str, Any]) -> bool:
        return covered(self.target, observed)

    def _is_echo(self, part: str, observed: dict[str, Any], section: GatewayRecord) -> bool:
        same_wish = section.deployed.get(part) == names.digest(self.parts[part])
        return same_wish and section.is_echo(part, observed)


def target_to(wanted: Wanted, name: str, endpoint: str) -> dict[str, Any]:
    """A target that leads to an endpoint of the runtime.

    The gateway passes on what the caller signs in with, so its own role may call nothing; unless it calls by itself.

    Args:
        wanted: With the runtime, and its sign-in.
        name: The target's name.
        endpoint: The endpoint's name.
    """
    credentials = credential_type(iam=wanted.authorizer is None, by_role=wanted.calls_by_itself)
    return runtime_target(name, wanted.runtime_arn, endpoint, credentials)


def _identity(request: Request, record: Record, before_promotion: bool) -> IdentityRecord | None:
    """How callers of the gateway sign in: those of `live`, or of the version that a provision is about to test."""
    live = record.runtime.live_identity if record.runtime else None
    if live is not None and (request.action == "rollback" or not before_promotion):
        return live
    return record.identity


def _target_drift(observed: dict[str, Any], runtime_arn: str) -> str:
    there = _runtime_of(observed)
    arn, endpoint = there.get("arn"), there.get("qualifier", "DEFAULT")
    if (arn, endpoint) != (runtime_arn, names.LIVE_ENDPOINT):
        where = f"the endpoint {endpoint} of {arn}" if arn else "what is no runtime"
        return f"the gateway's target was changed to {where}"
    return "the gateway's target was changed"


def _runtime_of(target: dict[str, Any]) -> dict[str, Any]:
    http = (target.get("targetConfiguration") or {}).get("http") or {}
    found: dict[str, Any] = http.get("agentcoreRuntime") or {}
    return found


def whole(
    control: Any, operation: str, wanted: dict[str, Any], observed: dict[str, Any]
) -> dict[str, Any]:
    """The whole request of an update: what is wanted, and what nobody here manages as it is.

    `UpdateGateway` and `UpdateGatewayTarget` reset what is left out.

    Args:
        control: A boto3 client of the control plane, for its service model.
        operation: The update.
        wanted: From `Wanted`.
        observed: The answer of the get; every member of it that the update takes is carried over.
    """
    members = control.meta.service_model.operation_model(operation).input_shape.members
    # A JWT gateway that becomes one for IAM has no authorizerConfiguration any more.
    managed = {"authorizerConfiguration", *wanted}
    rest = {
        name: observed[name]
        for name in members
        if name not in managed and observed.get(name) is not None
    }
    return rest | wanted
