"""Who may invoke: SigV4 or a bearer token, as the runtime is configured, never both."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from werkzeug import Request, Response

from local.agentcore.control.rights import Lacks
from local.agentcore.data.target import Target
from local.agentcore.data.tokens import (
    TokenChecker,
    TokenRefusedError,
    UnreadableDiscoveryError,
)
from local.agentcore.model.app import plain_error
from local.agentcore.model.errors import ServiceError
from local.edge.iam.agentcore import of_invocation
from local.edge.iam.permission import BEARER, Place
from local.edge.signatures.claims import claims_signature
from local.readings import Readings

GATEWAY_KEY = "local.gateway"
"""Where a WSGI environ has the gateway that passed the request on: its ARN, and the name of its workload identity."""
METADATA_PATH = "/invocations/.well-known/oauth-protected-resource"
_MISMATCH = (
    "Authorization method mismatch. The agent is configured for a different authorization method "
    "than what was used in your request."
)


class Access:
    """Decides whether a request may reach a runtime.

    Args:
        tokens: Checks bearer tokens.
        readings: Which status a wrong token gets, and one that cannot be checked.
        lacks: Says what a caller with a token may not do: only the policies of resources limit it.
        place: Region and account.
    """

    def __init__(
        self, tokens: TokenChecker, readings: Readings, lacks: Lacks, place: Place
    ) -> None:
        self._readings = readings
        self._tokens = tokens
        self._lacks = lacks
        self._place = place

    def refusal(
        self,
        request: Request,
        target: Target,
        operation: str,
        authorization: str | None = None,
    ) -> Response | None:
        """Return the answer that refuses a request, or `None` if it may go on.

        Args:
            request: The request; the edge has verified its SigV4 signature, if it has one.
            target: What it is aimed at.
            operation: What it asks for, by AgentCore's name.
            authorization: What it is authorized with, where that may stand elsewhere than in the header.

        Raises:
            ServiceError: The token cannot be checked, and the reading `unreadable-discovery` says so. Or a policy of
                the runtime or its endpoint does not let a caller with a token in.
        """
        header = authorization or request.headers.get("Authorization", "")
        scheme, _, token = header.partition(" ")
        bearer = scheme.lower() == "bearer"
        if target.authorizer is not None:
            if not header or (bearer and not token.strip()):
                return self._unauthorized(request, target, "Missing Authentication Token", None)
            if not bearer:
                return _denied(request, "AccessDeniedException", _MISMATCH)
            try:
                self._tokens.check(token.strip(), target.authorizer)
                check_way(request.environ.get(GATEWAY_KEY), target.authorizer)
            except TokenRefusedError as error:
                chosen = self._readings["refusal-status"]
                status = str(error.status) if chosen == "mixed" else chosen
                if status == "403":
                    return _denied(request, "AccessDeniedException", error.message)
                return self._unauthorized(request, target, error.message, "invalid_token")
            except UnreadableDiscoveryError as error:
                return self._unreadable(request, str(error))
            self._check_policies(target, operation)
            return None
        if bearer:
            return _denied(request, "AccessDeniedException", _MISMATCH)
        return unsigned(request)

    def _check_policies(self, target: Target, operation: str) -> None:
        """Of a caller with AWS credentials, the edge or the gateway has looked at all policies."""
        members = {"agentRuntimeArn": target.arn, "qualifier": target.endpoint}
        reason = self._lacks(BEARER, of_invocation(operation, members, self._place))
        if reason is not None:
            raise ServiceError("AccessDeniedException", reason)

    def _unreadable(self, request: Request, message: str) -> Response:
        status = self._readings["unreadable-discovery"]
        if status == "403":
            return _denied(request, "AccessDeniedException", message)
        code = "RuntimeClientError" if status == "424" else "InternalServerException"
        raise ServiceError(code, message)

    @staticmethod
    def _unauthorized(
        request: Request, target: Target, message: str, problem: str | None
    ) -> Response:
        """Make the 401; its header tells a client where to learn how to sign in (RFC 9728)."""
        challenge = f'resource_metadata="{metadata_url(request, target)}"'
        if problem is not None:
            challenge = f'error="{problem}", {challenge}'
        headers = {"WWW-Authenticate": f"Bearer {challenge}"}
        body: dict[str, Any] = {"message": message}
        if target.protocol == "MCP":
            # An MCP client reads JSON-RPC, also when it is refused.
            body = {"jsonrpc": "2.0", "id": None, "error": {"code": -32001, "message": message}}
        return plain_error(401, "UnauthorizedException", body, headers, request.environ)


def check_way(gateway: tuple[str, str] | None, authorizer: Mapping[str, Any]) -> None:
    """Check that a request came by one of the gateways that the authorizer names, if it names any.

    Source: AgentCore developer guide, "Authenticate and authorize with Inbound Auth" (`allowedWorkloadConfiguration`).

    Raises:
        TokenRefusedError: It did not; reports have 401 and 403 (reading `refusal-status`).
    """
    allowed = authorizer.get("allowedWorkloadConfiguration")
    if allowed is None:
        return
    arn, identity = gateway or ("", "")
    places = [each["arn"] for each in allowed.get("hostingEnvironments", [])]
    if arn not in places and identity not in allowed.get("workloadIdentities", []):
        raise TokenRefusedError(401, "The request did not come from an allowed workload.")


def unsigned(request: Request) -> Response | None:
    """Return the answer that refuses a request without a SigV4 signature, or `None`."""
    if claims_signature(request):
        return None
    code, message = "MissingAuthenticationTokenException", "Missing Authentication Token"
    return _denied(request, code, message)


def metadata_url(request: Request, target: Target) -> str:
    """Return the URL of the document that says how to sign in to a runtime."""
    return f"{_resource(request, target)}{METADATA_PATH}?qualifier={quote(target.endpoint)}"


def metadata_document(request: Request, target: Target, issuer: str) -> Response:
    """Return OAuth 2.0 Protected Resource Metadata (RFC 9728) of a runtime.

    Args:
        request: The request, for the host that it was sent to.
        target: The runtime.
        issuer: Issuer of the tokens that it takes.
    """
    authorizer = target.authorizer or {}
    document = {
        "resource": f"{_resource(request, target)}/invocations?qualifier={quote(target.endpoint)}",
        "authorization_servers": [issuer],
        "bearer_methods_supported": ["header"],
    }
    if "allowedScopes" in authorizer:
        document["scopes_supported"] = authorizer["allowedScopes"]
    return Response(json.dumps(document), mimetype="application/json")


def _resource(request: Request, target: Target) -> str:
    return f"{request.host_url.rstrip('/')}/runtimes/{quote(target.arn, safe='')}"


def _denied(request: Request, code: str, message: str) -> Response:
    return plain_error(403, code, {"message": message}, {}, request.environ)
