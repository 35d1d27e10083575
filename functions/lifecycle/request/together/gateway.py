"""What the targets of an MCP gateway demand of a request's other fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lifecycle.request.auth import Auth
from lifecycle.request.credentials.section import Credential
from lifecycle.request.gateway.section import Gateway
from lifecycle.request.gateway.targets import LONGEST_SCOPE, McpTarget
from lifecycle.request.inputs import problem
from lifecycle.request.runtime import Runtime


def refuse_targets(
    gateway: Gateway, auth: Auth, runtime: Runtime, credentials: Sequence[Credential]
) -> None:
    """Refuse targets that are valid by themselves, and not in this request.

    Args:
        gateway: The section of the input.
        auth: How callers sign in to the runtime.
        runtime: What a target `runtime` leads to.
        credentials: What a target may sign in with.

    Raises:
        PydanticCustomError: Names the field, its value and what is allowed.
    """
    types = {one.name: one.type for one in credentials}
    for index, target in enumerate(gateway.targets):
        field = f"gateway.targets.{index}"
        if target.credential is not None and target.credential not in types:
            known = ", ".join(types) or "none: the request has no credentials"
            raise problem(
                f"{field}.credential", target.credential, f"a name of credentials ({known})"
            )
        if target.scopes and types.get(str(target.credential)) != "oauth2":
            raise problem(f"{field}.scopes", target.scopes, "only with a credential of type oauth2")
        if not target.scopes:
            _refuse_long_scopes(field, target, credentials)
        for name, value in (("header", target.header), ("scheme", target.scheme)):
            if value is not None and types.get(str(target.credential)) != "apiKey":
                raise problem(f"{field}.{name}", value, "only with a credential of type apiKey")
        if target.runtime is not None:
            _refuse_own_runtime(field, target, auth, runtime, types)


def _refuse_long_scopes(field: str, target: McpTarget, credentials: Sequence[Credential]) -> None:
    """A target that names no scopes asks for those of its credential, which may be longer than a target's."""
    for one in credentials:
        if one.name == target.credential and any(len(s) > LONGEST_SCOPE for s in one.scopes):
            raise problem(
                f"{field}.credential",
                target.credential,
                f"a credential whose scopes have at most {LONGEST_SCOPE} characters, or scopes of the target's own",
            )


def _refuse_own_runtime(
    field: str, target: McpTarget, auth: Auth, runtime: Runtime, types: Mapping[str, str]
) -> None:
    if runtime.protocol != "MCP":
        raise problem(f"{field}.runtime", True, "only with runtime.protocol MCP")
    if auth.type == "iam":
        if target.credential is not None:
            raise problem(f"{field}.credential", target.credential, "nothing with auth.type iam")
        return
    if types.get(str(target.credential)) != "oauth2":
        # AgentCore developer guide, "Set up outbound authorization for your gateway": an MCP server gets no token
        # passed through.
        raise problem(
            f"{field}.credential",
            target.credential,
            f"with auth.type {auth.type}, a credential of type oauth2 whose tokens the runtime takes: a gateway does "
            "not pass its caller's token on to an MCP server",
        )
