"""The WSGI application of the operations that agents use; it knows who calls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from werkzeug import Request

from local.agentcore.data.access import unsigned
from local.agentcore.data.identity.operations import Use
from local.agentcore.model.app import Handler, ModelApp

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


class IdentityApp(ModelApp):
    """Serves the operations; the gateway has verified the signature.

    Args:
        uses: One handler for each operation served, by its name.
    """

    def __init__(self, uses: Mapping[str, Use]) -> None:
        super().__init__("bedrock-agentcore", dict.fromkeys(uses, _unbound))
        self._uses = uses

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        refusal = unsigned(Request(environ))
        if refusal is not None:
            return refusal(environ, start_response)
        return super().__call__(environ, start_response)

    def handler(self, operation: str, environ: Mapping[str, Any]) -> Handler:
        """Return the handler of an operation for the caller's role."""
        super().handler(operation, environ)
        call = environ.get("local.call")
        role = call.caller.role_arn if call is not None and call.caller else None
        return partial(self._for, self._uses[operation], role)

    @staticmethod
    def _for(use: Use, role: str | None, members: dict[str, Any]) -> dict[str, Any]:
        return use(members, role)


def _unbound(_members: dict[str, Any]) -> dict[str, Any]:
    raise NotImplementedError("a handler is chosen for each caller")
