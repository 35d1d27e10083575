"""Requests that are refused whatever the caller's policies allow."""

from __future__ import annotations

import logging

from werkzeug import Request

from local.edge import errors
from local.edge.calls import Call
from local.edge.gateway.hosts import stranger
from local.edge.gateway.identification import COGNITO_DOCUMENTS
from local.edge.operations import Identity, Operations
from local.edge.sigv4 import scope_of

log = logging.getLogger(__name__)

_CLOSED = ("/moto-api", "/latest/meta-data/", "/latest/api/", "/favicon.ico")
"""Paths that moto takes for its own control API and for EC2's metadata service, whoever asks."""


def refusal(
    operations: Operations, call: Call, request: Request, *, by_moto: bool
) -> errors.ServiceError | None:
    """Return why nobody may send this request; `None` if it can be served.

    Args:
        operations: botocore's models.
        call: What the request is.
        request: The request.
        by_moto: Whether moto would serve it: moto serves only operations that a model has.
    """
    model = operations.service(call.service)
    why = stranger(request)
    if why is not None:
        log.warning("refused %s %s: %s", call.service, call.operation, why.message)
        if why.status == 403:
            return errors.forbidden(model, why.message)
        return errors.ServiceError(why.code, why.message, why.status)
    if request.path.startswith(_CLOSED):
        return errors.forbidden(model, "This is no path of an AWS service.")
    if call.caller is not None:
        served = not by_moto or call.operation is not None
        return None if served else errors.not_served(model, None)
    if scope_of(request) is not None:
        return errors.unknown_key(model)
    return None if _may_be_unsigned(operations, call, request) else errors.missing_token(model)


def _may_be_unsigned(operations: Operations, call: Call, request: Request) -> bool:
    """Say whether AWS serves such a request without a signature.

    AgentCore's data plane asks for a signature itself where a runtime takes no bearer tokens.
    """
    if call.service == "bedrock-agentcore":
        return True
    if call.service == "cognito-idp" and call.operation is None:
        return request.path.startswith("/oauth2/") or request.path.endswith(COGNITO_DOCUMENTS)
    return operations.unsigned(Identity(call.service, call.operation))
