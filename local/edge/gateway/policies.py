"""Holds requests against the policies of the caller's role."""

from __future__ import annotations

import logging

from werkzeug import Request

from local.edge.calls import Call
from local.edge.faults import Fault
from local.edge.iam.authorization import Authorization
from local.edge.iam.permission import Sender
from local.edge.iam.s3 import needed_to_see_nothing
from local.edge.operations import Identity, Operations
from local.edge.signatures.claims import scope_of

log = logging.getLogger(__name__)


class HiddenError(Exception):
    """The caller may not know that an object is not there; the message says which permission is missing."""


class PolicyCheck:
    """Checks requests.

    Args:
        operations: botocore's models.
        authorization: What roles may not do; without it everybody may do everything.
    """

    def __init__(self, operations: Operations, authorization: Authorization | None) -> None:
        self._operations = operations
        self._authorization = authorization

    def denied(self, call: Call, request: Request, body: bytes) -> Fault | None:
        """Say whether the caller's role may do this, as a fault if it may not."""
        caller = self._caller(call)
        if self._authorization is None or caller is None or call.operation is None:
            return None
        identity = Identity(call.service, call.operation)
        if self._operations.unsigned(identity):
            return None
        members = self._operations.members(request, identity, body)
        sender = _sender(call, request)
        reason = self._authorization.refusal(caller, call.service, call.operation, members, sender)
        if reason is None:
            return None
        log.warning("%s", reason)
        return Fault(call.service, call.operation, "accessDenied", reason=reason)

    def _caller(self, call: Call) -> str | None:
        """Return whose policies count; `None` for one that may do everything.

        The root user may, but for what the policy of a resource denies; only AgentCore's resources have policies here.
        """
        if call.caller is None or self._authorization is None:
            return None
        if call.caller.kind == "root" and call.service == "bedrock-agentcore":
            return self._authorization.root
        return call.caller.role_arn

    def check_answer(self, call: Call, request: Request, status: str) -> None:
        """Stop an answer that the service would not give.

        Raises:
            HiddenError: It says that an object is not there, to somebody who may not list the bucket.
        """
        if call.service != "s3" or not status.startswith("404"):
            return
        role = call.caller.role_arn if call.caller else None
        if self._authorization is None or role is None or call.operation is None:
            return
        identity = Identity(call.service, call.operation)
        members = self._operations.members(request, identity, b"")
        needed = needed_to_see_nothing(call.operation, members)
        if needed is None:
            return
        reason = self._authorization.lacks(role, [needed], _sender(call, request))
        if reason is not None:
            raise HiddenError(reason)


def _sender(call: Call, request: Request) -> Sender:
    scope = scope_of(request)
    return Sender(
        region=scope.region if scope else "",
        source_ip=request.remote_addr or "",
        user_agent=request.headers.get("User-Agent"),
        referer=request.headers.get("Referer"),
        at=call.at,
    )
