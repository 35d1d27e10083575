"""Look at the gateway and its target in the control plane, before anybody calls them.

Behind an open gateway the runtime still refuses, so calls alone do not tell that somebody opened it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from botocore.exceptions import ClientError

from lifecycle.doors.address import GATEWAY_TARGET
from lifecycle.doors.section import AUTHORIZER_PART, TARGET_PART, GatewayRecord
from lifecycle.doors.target import OWN_ROLE, credential_type
from lifecycle.gateway_test import measured
from lifecycle.names import LIVE_ENDPOINT
from lifecycle.runtime.agentcore import is_not_found
from lifecycle.sections.identity import IdentityRecord
from lifecycle.smoke_test.gate import Check

_READY = "READY"
_SHOWN = 300
_AGAIN = "provision again, which repairs it"
_CLAIMS = {
    "allowedAudience": "allowed_audience",
    "allowedClients": "allowed_clients",
    "allowedScopes": "allowed_scopes",
}


def look(
    control: Any,
    gateway: GatewayRecord,
    identity: IdentityRecord,
    runtime_arn: str,
    checks: list[Check],
) -> None:
    """Check that the gateway has the runtime's sign-in, and that its target leads to the endpoint `live`.

    Args:
        control: A client of AgentCore's control plane.
        gateway: The gateway's section of the record.
        identity: What callers of `live` sign in with.
        runtime_arn: The runtime behind the gateway.
        checks: Takes the results.

    Raises:
        SmokeTestError: One of them is gone, not ready, or not as it was made.
    """
    passes = credential_provider(identity)
    look_at_gateway(control, gateway, identity, checks)
    _check(
        checks,
        f"The gateway's target leads to the endpoint {LIVE_ENDPOINT}",
        f"{_READY}, {LIVE_ENDPOINT} of {_short(runtime_arn, runtime_arn)}, {passes}",
        lambda: _target(control, gateway, runtime_arn, passes),
    )


def look_at_gateway(
    control: Any, gateway: GatewayRecord, identity: IdentityRecord, checks: list[Check]
) -> None:
    """Check that the gateway has the runtime's sign-in; for its arguments and errors see `look`."""
    _check(
        checks,
        "The gateway has the runtime's sign-in",
        f"{_READY}, {_authorizer_type(identity)}",
        lambda: _gateway(control, gateway, identity),
    )


def credential_provider(identity: IdentityRecord) -> str:
    """The target's credential provider: the caller's own sign-in, or the gateway's role for a closed runtime."""
    iam = identity.type == "iam"
    return credential_type(iam=iam, by_role=iam and identity.only_gateway is not None)


def _check(
    checks: list[Check],
    name: str,
    expected: str,
    seen_and_problem: Callable[[], tuple[str, str]],
) -> None:
    def looked() -> tuple[str, str]:
        seen, problem = seen_and_problem()
        return _line(seen), f": {problem}" if problem else ""

    measured.check(checks, name, expected, looked)


def _gateway(control: Any, gateway: GatewayRecord, identity: IdentityRecord) -> tuple[str, str]:
    observed = found(lambda: control.get_gateway(gatewayIdentifier=gateway.id))
    if observed is None:
        return f"none by GetGateway for {gateway.id}", f"the gateway is gone; {_AGAIN}"
    seen, problem = status_of(observed)
    expected = _authorizer_type(identity)
    seen = f"{seen}, {observed.get('authorizerType')}"
    if problem:
        return seen, problem
    if observed.get("authorizerType") != expected:
        return seen, f"somebody changed the gateway's authorizer; {_AGAIN}"
    if identity.type == "iam":
        return seen, ""
    authorizer = (observed.get("authorizerConfiguration") or {}).get("customJWTAuthorizer") or {}
    echo = gateway.is_echo(AUTHORIZER_PART, observed)
    wrong = sorted(
        name
        for name in _different_claims(authorizer, identity)
        # AgentCore never gave it back, not even right after it was written; the calls below tell whether it counts.
        if not (echo and name not in authorizer)
    )
    if wrong:
        return (
            f"{seen} with another {' and '.join(wrong)}",
            f"somebody changed the gateway's authorizer; {_AGAIN}",
        )
    return seen, ""


def _different_claims(authorizer: dict[str, Any], identity: IdentityRecord) -> Iterable[str]:
    """Which members are not what the callers of `live` sign in with; those that nobody asked for may be anything."""
    if authorizer.get("discoveryUrl") != identity.discovery_url:
        yield "discoveryUrl"
    for name, member in _CLAIMS.items():
        wanted = getattr(identity, member)
        if identity.type == "cognito" and name == "allowedClients":
            wanted = [identity.client_id]
        if identity.type == "cognito" and name == "allowedScopes":
            wanted = [identity.scope] if identity.flow == "clientCredentials" else None
        if wanted and set(wanted) != set(authorizer.get(name) or []):
            yield name


def _target(control: Any, gateway: GatewayRecord, runtime_arn: str, passes: str) -> tuple[str, str]:
    observed = found(
        lambda: control.get_gateway_target(gatewayIdentifier=gateway.id, targetId=gateway.target_id)
    )
    if observed is None:
        return f"none by GetGatewayTarget for {gateway.target_id}", f"the target is gone; {_AGAIN}"
    seen, problem = status_of(observed)
    http = (observed.get("targetConfiguration") or {}).get("http") or {}
    runtime = http.get("agentcoreRuntime") or {}
    # Left out, it is DEFAULT (botocore's model: RuntimeTargetConfiguration).
    where = (runtime.get("arn"), runtime.get("qualifier") or "DEFAULT")
    providers = [
        str(one.get("credentialProviderType"))
        for one in observed.get("credentialProviderConfigurations") or []
    ]
    place = f"{where[1]} of {_short(str(where[0]), runtime_arn)}"
    seen = f"{seen}, {place}, {' and '.join(providers) or 'no credential provider'}"
    if problem:
        return seen, problem
    if observed.get("name", GATEWAY_TARGET) != GATEWAY_TARGET:
        return f"{seen}, named {observed['name']}", f"somebody renamed the target; {_AGAIN}"
    if where != (runtime_arn, LIVE_ENDPOINT):
        return seen, f"the target leads elsewhere; {_AGAIN}"
    if providers != [passes] and (providers or not gateway.is_echo(TARGET_PART, observed)):
        what = "use the gateway's role" if passes == OWN_ROLE else "pass the caller's sign-in on"
        return seen, f"the target does not {what}; {_AGAIN}"
    return seen, ""


def _short(arn: str, own: str) -> str:
    """An ARN without what it has in common with the runtime's own but for the id: a table has no room for it."""
    return arn.removeprefix(own.rpartition("/")[0] + "/")


def status_of(observed: dict[str, Any]) -> tuple[str, str]:
    """The status of a gateway or target, and what is wrong with that; empty if it is ready."""
    status = str(observed.get("status"))
    if status == _READY:
        return status, ""
    reasons = " ".join(map(str, observed.get("statusReasons") or [])) or "AgentCore gives no reason"
    return status, f"not ready: {_line(reasons)}; provision again"


def found(call: Callable[[], dict[str, Any]]) -> dict[str, Any] | None:
    """The answer of a call; None if there is no such thing."""
    try:
        return call()
    except ClientError as error:
        if is_not_found(error):
            return None
        raise


def _authorizer_type(identity: IdentityRecord) -> str:
    return "AWS_IAM" if identity.type == "iam" else "CUSTOM_JWT"


def _line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 1]}…"
