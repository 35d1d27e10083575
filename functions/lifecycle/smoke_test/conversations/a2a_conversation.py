"""Talk to an A2A agent: read its card, send one message, and wait for the end of the task.

See `a2a_card` and `a2a_messages` for the sources.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from lifecycle.smoke_test.conversations import a2a_card, a2a_messages
from lifecycle.smoke_test.conversations.a2a_messages import Outcome
from lifecycle.smoke_test.conversations.conversation import Conversation, Ended, Line, Opening
from lifecycle.smoke_test.conversations.json_rpc import response_in, short
from lifecycle.smoke_test.invocation import Answer, Message
from lifecycle.smoke_test.untrusted import json_value

_AT_WORK = frozenset({"submitted", "working"})
# An agent that asks back has said something, which can be matched.
_ENDED_WELL = frozenset({"completed", "input-required"})
_VERSION_NOT_SUPPORTED = -32009


def openings(prompt: str) -> tuple[Opening, ...]:
    """What no wrong caller may get an answer to: a message, and the request for the agent card."""
    return (
        Opening(a2a_messages.question(1, prompt, "0.3")),
        Opening(a2a_messages.CARD, "the agent card"),
    )


def converse(line: Line, prompt: str) -> Conversation:
    """Read the card, and send the prompt in the version that the card offers.

    Args:
        line: The way to the agent.
        prompt: The text of the message.

    Returns:
        How it ended.
    """
    try:
        return _Talk(line).hold(prompt)
    except Ended as end:
        return Conversation(end.answer, text=end.text, problem=end.problem)


class _Talk:
    def __init__(self, line: Line) -> None:
        self._line = line
        self._number = 0
        self._version = "0.3"

    def hold(self, prompt: str) -> Conversation:
        self._version = self._read_card()
        self._number += 1
        answer, outcome = self._ask(
            a2a_messages.question(self._number, prompt, self._version), "message/send"
        )
        looks = 0
        while outcome.state in _AT_WORK:
            if outcome.task_id is None:
                raise Ended(answer, f"the task is {outcome.state} and has no id")
            looks += 1
            if not self._line.wait(looks):
                raise Ended(
                    answer,
                    f"the task is still {outcome.state} after {looks} looks; raise smokeTest.timeoutSeconds",
                )
            self._number += 1
            look = a2a_messages.look(self._number, outcome.task_id, self._version)
            answer, outcome = self._ask(look, "tasks/get")
        if outcome.state not in _ENDED_WELL:
            said = outcome.text or "(no message)"
            raise Ended(answer, f"the task is {outcome.state}: {said}")
        return Conversation(answer, text=outcome.text)

    def _read_card(self) -> str:
        answer = self._line.send(a2a_messages.CARD)
        if answer.status != HTTPStatus.OK:
            raise Ended(answer, text=_error_text(answer))
        try:
            card = json_value(answer.body)
        except ValueError:
            raise Ended(answer, "the agent card is no JSON that can be read") from None
        try:
            return a2a_card.version_of(card)
        except a2a_card.BadCardError as error:
            raise Ended(answer, f"the agent card: {error}") from None

    def _ask(self, message: Message, method: str) -> tuple[Answer, Outcome]:
        answer = self._line.send(message)
        if answer.status != HTTPStatus.OK:
            raise Ended(answer, text=_error_text(answer))
        response = response_in(answer, self._number)
        if response is None:
            raise Ended(answer, f"{method}: the answer is no JSON-RPC response")
        if response.get("error") is not None:
            raise Ended(answer, f"{method}: {self._reason(response['error'])}")
        result = response.get("result")
        outcome = a2a_messages.outcome_of(result)
        if outcome is None:
            raise Ended(
                answer, f"{method}: the result is neither a message nor a task: {short(result)}"
            )
        return answer, outcome

    def _reason(self, error: Any) -> str:
        error = error if isinstance(error, dict) else {}
        reason = f"{error.get('code')} {error.get('message')}"
        if error.get("code") == _VERSION_NOT_SUPPORTED and self._version != "0.3":
            reason += "; add A2A-Version to runtime.requestHeaders, so that AgentCore passes the header on"
        return reason


def _error_text(answer: Answer) -> str:
    error = a2a_messages.error_in(answer.body)
    return answer.body if error is None else error[1]
