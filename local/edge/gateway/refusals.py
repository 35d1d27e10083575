"""Requests that are refused whatever the caller's policies allow."""

from __future__ import annotations

import logging

from werkzeug import Request

from local.edge import errors
from local.edge.calls import Call
from local.edge.credentials import CredentialStore
from local.edge.gateway.hosts import Stranger, stranger
from local.edge.gateway.identification import COGNITO_DOCUMENTS
from local.edge.gateway.signature_errors import refused
from local.edge.host_names import HostNames
from local.edge.operations import Identity, Operations
from local.edge.signatures.claims import claims_signature
from local.edge.signatures.problems import SignatureError
from local.edge.signatures.verification import verify

log = logging.getLogger(__name__)

_CLOSED = ("/moto-api", "/latest/meta-data/", "/latest/api/", "/favicon.ico")
"""Paths that moto takes for its own control API and for EC2's metadata service, whoever asks."""


class Refusals:
    """Refuses requests.

    Args:
        operations: botocore's models.
        credentials: Every key that was issued.
        names: By which names the local AWS is asked for; those of loopback if omitted.
    """

    def __init__(
        self, operations: Operations, credentials: CredentialStore, names: HostNames | None
    ) -> None:
        self._names = names or HostNames()
        self._operations = operations
        self._credentials = credentials

    def stranger(self, request: Request) -> Stranger | None:
        """Return why a request is not one of this machine's own; `None` if it is."""
        return stranger(request, self._names)

    def refusal(
        self, call: Call, request: Request, body: bytes, *, by_moto: bool
    ) -> errors.ServiceError | None:
        """Return why nobody may send this request; `None` if it can be served, and its call then has its caller.

        Args:
            call: What the request is.
            request: The request.
            body: Its whole body, which a signature covers.
            by_moto: Whether moto would serve it: moto serves only operations that a model has.
        """
        model = self._operations.service(call.service)
        why = self.stranger(request)
        if why is not None:
            log.warning("refused %s %s: %s", call.service, call.operation, why.message)
            if why.status == 403:
                return errors.forbidden(model, why.message)
            return errors.ServiceError(why.code, why.message, why.status)
        if request.path.startswith(_CLOSED):
            return errors.forbidden(model, "This is no path of an AWS service.")
        if not claims_signature(request) and _may_be_unsigned(self._operations, call, request):
            return None
        identity = Identity(call.service, call.operation)
        try:
            credentials = verify(
                request,
                body,
                self._credentials,
                unsigned_body=self._operations.unsigned_body(identity),
            )
        except SignatureError as error:
            log.warning("refused %s %s: %s", call.service, call.operation, error)
            return refused(error, model)
        call.caller = credentials.principal
        served = not by_moto or call.operation is not None
        return None if served else errors.not_served(model, None)


def _may_be_unsigned(operations: Operations, call: Call, request: Request) -> bool:
    """Say whether AWS serves such a request without a signature.

    AgentCore's data plane asks for a signature itself where a runtime takes no bearer tokens.
    """
    if call.service == "bedrock-agentcore":
        return True
    if call.service == "cognito-idp" and call.operation is None:
        return request.path.startswith("/oauth2/") or request.path.endswith(COGNITO_DOCUMENTS)
    return operations.unsigned(Identity(call.service, call.operation))
