"""The header with which a runtime gives its agent a workload access token.

With a bearer token always; with SigV4 only if the caller named a user. Sources: developer guide, "Get workload access
token"; the AgentCore SDK's `identity/auth.py`.
"""

from __future__ import annotations

import jwt
from werkzeug import Request

from local.agentcore.data.identity.workload_tokens import WorkloadTokens
from local.agentcore.data.target import Target

TOKEN_HEADER = "WorkloadAccessToken"  # noqa: S105 - a name
USER_HEADER = "X-Amzn-Bedrock-AgentCore-Runtime-User-Id"


class WorkloadHeaders:
    """Makes the header of one request.

    Args:
        tokens: Issues the tokens.
    """

    def __init__(self, tokens: WorkloadTokens) -> None:
        self._tokens = tokens

    def __call__(self, request: Request, target: Target, authorization: str) -> dict[str, str]:
        """Return the header for a request that may go on; none if the agent gets no token.

        Args:
            request: The request.
            target: What it is aimed at.
            authorization: What it is authorized with.
        """
        if target.authorizer is not None:
            user = user_of(authorization.partition(" ")[2].strip())
        elif USER_HEADER in request.headers:
            user = request.headers[USER_HEADER]
        else:
            return {}
        return {TOKEN_HEADER: self._tokens.issue(target.runtime_id, user)}


def user_of(token: str) -> str:
    """Return the user that a bearer token stands for: its issuer and subject. The token was checked before."""
    claims = jwt.decode(token, options={"verify_signature": False})
    return f"{claims.get('iss')}|{claims.get('sub')}"
