"""Say which door refused or failed: the gateway's, or that of the runtime behind it.

No document says how a gateway passes on what a runtime refuses. So the runtime is asked directly, too, once the right
caller got no answer through the gateway a few times.
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from lifecycle.errors import SmokeTestError
from lifecycle.gateway_test.challenge import bearer_parameters
from lifecycle.gateway_test.metadata import MetadataError, check_place
from lifecycle.smoke_test.conversations.conversation import Conversation
from lifecycle.smoke_test.door import Door
from lifecycle.smoke_test.invocation import Answer
from lifecycle.smoke_test.untrusted import json_value

_REFUSALS = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
_TRIES_BEFORE_ASKING = 2
_SERVER_FAULT = 500
_READ, _SHOWN = 2000, 200
_AUTHORIZER = (
    "compare the gateway's authorizer (GetGateway) with the runtime's, and the target's credentialProviderType "
    "(GetGatewayTarget) with {passes}, and look at the trust policy of the gateway's role; provision again, which "
    "repairs them"
)
_RUNTIMES_DOOR = (
    "look at the runtime's authorizer and its resource policy, which somebody may have changed; "
    "provision again"
)
_TARGET = (
    "look at the gateway's target `live` (GetGatewayTarget): it is gone, or names a runtime or an endpoint that is "
    "gone; provision again, which makes it anew"
)
_SHARED_ROLE = "GatewayRole (bedrock-agentcore.amazonaws.com, this account's gateways)"
_OWN_ROLE = (
    "{name} (bedrock-agentcore.amazonaws.com, this gateway), and at what it may do: provision again, which repairs "
    "both"
)
_ROLE = "look at the trust policy of the gateway's role, {role}, and at the status of the target (GetGatewayTarget)"


class GatewayDoor(Door):
    """A gateway in front of a runtime.

    Args:
        gateway_url: The gateway's address.
        passes: The credential provider of the target that passes the caller's sign-in on.
        directly: Calls the runtime as the right caller, without the gateway; None if it answers only that.
        hidden: Takes secrets out of a text.
        own_role: The name of the role of its own with which it calls the runtime; empty if it has none.
    """

    function = "TestGatewayFunction"
    # It is the gateway that is tested.
    refused_behind = SmokeTestError
    let_through = (
        "the gateway and the runtime let the call through; take callers off the gateway, check the authorizers of both "
        "and provision again"
    )

    def __init__(
        self,
        gateway_url: str,
        passes: str,
        directly: Callable[[], Answer] | None,
        hidden: Callable[[str], str],
        own_role: str = "",
    ) -> None:
        role = _OWN_ROLE.format(name=own_role) if own_role else _SHARED_ROLE
        self._role = _ROLE.format(role=role)
        self._hidden = hidden
        self._gateway_url = gateway_url
        self._passes = passes
        self._directly = directly
        self._tries = 0
        self._direct: Answer | None = None

    def note(self, reply: Conversation) -> None:
        """See `Door`. The runtime is asked once, and only after an answer that is none."""
        if reply.answer.status == HTTPStatus.OK:
            return
        self._tries += 1
        if self._directly is None or self._direct is not None:
            return
        if self._tries >= _TRIES_BEFORE_ASKING:
            self._direct = self._directly()

    def hint(self, reply: Conversation) -> str:
        """See `Door`."""
        status = reply.answer.status
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            return "AgentCore throttled the gateway; retry"
        if status in _REFUSALS:
            return self._of_a_refusal(reply.answer)
        if self._is_answered:
            there = "the runtime answers on its own address, so the gateway is at fault: "
            return there + (_TARGET if status == HTTPStatus.NOT_FOUND else self._role)
        if self._direct is not None:
            return (
                f"the runtime does not answer on its own address either ({self._direct}): run action smokeTest, which "
                "says why, and look at the agent's log"
            )
        if status == HTTPStatus.NOT_FOUND:
            return _TARGET
        if status is not None and status >= _SERVER_FAULT:
            return self._role
        return ""

    def _of_a_refusal(self, answer: Answer) -> str:
        said = " ".join(self._hidden(_message(answer)[:_READ]).split())[:_SHOWN]
        fix = (f"{said}; " if said else "") + _AUTHORIZER.format(passes=self._passes)
        if self._is_answered:
            return f"the runtime answers this caller on its own address, so the gateway refused it: {fix}"
        if self._is_the_gateways(answer):
            return f"the gateway refused the caller: {fix}"
        if self._direct is not None and self._direct.status in _REFUSALS:
            return (
                f"the gateway let the caller in and the runtime behind it refused ({self._direct} on its own address, "
                f"too): {_RUNTIMES_DOOR}"
            )
        return f"the gateway or the runtime behind it refused the caller: {fix}"

    @property
    def _is_answered(self) -> bool:
        """Whether the runtime let the same caller in; what its agent then said does not matter."""
        return self._direct is not None and self._direct.status == HTTPStatus.OK

    def _is_the_gateways(self, answer: Answer) -> bool:
        """Whether a refusal names a document at the gateway's own host."""
        url = (bearer_parameters(answer.challenge) or {}).get("resource_metadata", "")
        try:
            check_place(url, self._gateway_url)
        except MetadataError:
            return False
        return True


def _message(answer: Answer) -> str:
    """The message of a refusal; empty if it has none."""
    try:
        value = json_value(answer.body)
    except ValueError:
        return ""
    named = value.get("message") or value.get("Message") if isinstance(value, dict) else None
    return named if isinstance(named, str) else ""
