"""A gateway as the client of an HTTP API: a call of a tool becomes a request of the operation that the tool stands for.

Source: AgentCore developer guide, "OpenAPI schema targets".
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from local.agentcore.control.gateways.openapi.operations import JSON, Operation
from local.agentcore.control.gateways.records import Gateway, Target
from local.agentcore.data.gateways.outgoing import Outgoing

Said = tuple[str, bool]
"""The text of a result, and whether it is that of a failure."""


class Apis:
    """Calls operations.

    Args:
        outgoing: Sends requests.
    """

    def __init__(self, outgoing: Outgoing) -> None:
        self._outgoing = outgoing

    def call(
        self, gateway: Gateway, target: Target, operation: Operation, arguments: dict[str, Any]
    ) -> Said:
        """Make the request, and return what the API answers; an error of the API is a failure.

        Raises:
            ServiceError: The gateway may not, or gets no credentials.
            SendError: Nobody answers.
        """
        needed = operation.tool["inputSchema"]["required"]
        missing = [name for name in needed if arguments.get(name) is None]
        if missing:
            return f"The argument '{missing[0]}' is missing.", True
        url, headers, query = operation.url, {"Accept": JSON}, []
        for each in operation.parameters:
            value = arguments.get(each.name)
            if value is None:
                continue
            if isinstance(value, dict) or (isinstance(value, list) and each.location != "query"):
                return f"The argument '{each.name}' must be a single value.", True
            if each.location == "path":
                url = url.replace(f"{{{each.name}}}", quote(_text(value), safe=""))
            elif each.location == "header":
                headers[each.name] = _text(value)
            else:
                values = value if isinstance(value, list) else [value]
                query += [(each.name, _text(one)) for one in values]
        body = _body(operation, arguments)
        if body is not None:
            headers["Content-Type"] = JSON
        answer = self._outgoing.send(gateway, target, operation.method, url, headers, query, body)
        return answer.text, not answer.is_success


def _body(operation: Operation, arguments: dict[str, Any]) -> bytes | None:
    given = {name: arguments[name] for name in operation.body if name in arguments}
    if not given:
        return b"{}" if operation.body and not operation.whole_body else None
    return json.dumps(given["body"] if operation.whole_body else given).encode()


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
