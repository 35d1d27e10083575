"""A gateway as the caller of Lambda functions.

Source: AgentCore developer guide, "Lambda targets".
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

from local.agentcore.control.gateways.records import Gateway, Target
from local.agentcore.data.gateways.rights import OutboundRights
from local.edge.iam.permission import Permission


class Functions:
    """Calls functions.

    Args:
        rights: With which rights a function is called.
        clients: The local AWS.
    """

    def __init__(self, rights: OutboundRights, clients: Callable[[str], Any]) -> None:
        self._rights = rights
        self._clients = clients

    def call(
        self, gateway: Gateway, target: Target, name: str, arguments: dict[str, Any]
    ) -> tuple[str, bool]:
        """Call a target's function: its event is the arguments, the tool's full name is in its client context.

        Returns:
            What it answers, and whether it failed.

        Raises:
            ServiceError: The gateway may not.
            ClientError: Lambda refuses the call.
        """
        function = target.settings["lambdaArn"]
        wanted = [Permission("lambda:InvokeFunction", function)]
        self._rights.check(None, gateway, target, wanted)
        context = {"custom": {"bedrockAgentCoreToolName": name}}
        answered = self._clients("lambda").invoke(
            FunctionName=function,
            Payload=json.dumps(arguments).encode(),
            ClientContext=base64.b64encode(json.dumps(context).encode()).decode(),
        )
        return answered["Payload"].read().decode(), "FunctionError" in answered
