"""Ask one case until its answer decides, and say whether it passed, how long it took, and why it failed."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus

from lifecycle.cases import question
from lifecycle.cases.match import mismatch
from lifecycle.request.case import Case
from lifecycle.smoke_test.conversations.conversation import Conversation, Line
from lifecycle.smoke_test.invocation import Answer, Caller, Message, Target
from lifecycle.smoke_test.patience import Patience
from lifecycle.smoke_test.redaction import Redaction
from lifecycle.smoke_test.tested.denial import denied_question

NOT_ASKED = "not asked before smokeTest.timeoutSeconds was over"
_TOO_LATE = "no answer before smokeTest.timeoutSeconds was over"
# As for the gate: these say nothing about the agent. A refusal may be a permission that counts only later.
_UNDECIDED = frozenset(
    {
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.CONFLICT,
        HTTPStatus.TOO_MANY_REQUESTS,
    }
)
_FIRST_SERVER_FAULT = 500
# One case that is never decided must not take the time of all others.
_MOST_TRIES = 8
_READ = 4000
_LONGEST_START = 60.0
# The number of tries whose pause is at most half a second.
_SHORT = 1
_SHOWN = 150


@dataclass(frozen=True)
class Asked:
    """How a question ended.

    Attributes:
        passed: Whether the answer passed.
        milliseconds: How long the last try took; None when it was not asked.
        reason: Why it did not pass, on one line of at most 150 characters.
        undecided: No answer says whether the agent would pass: it was not asked in time, or only by statuses that say
            nothing about it.
    """

    passed: bool
    milliseconds: int | None = None
    reason: str = ""
    undecided: bool = False


class Asking:
    """Asks cases in one session.

    Attributes:
        mcp_session_ids: Sessions that an MCP server named; they must be stopped, too.

    Args:
        caller: Who asks.
        target: The runtime and session.
        protocol: The runtime's protocol.
        patience: The time that is left for all questions.
        secrets: Texts that must not appear in any output.
        function: The function that asks, as the template names it.
    """

    def __init__(
        self,
        caller: Caller,
        target: Target,
        protocol: str,
        patience: Patience,
        secrets: Iterable[str],
        function: str,
    ) -> None:
        self._caller = caller
        self._target = target
        self._protocol = protocol
        self._patience = patience
        self._hidden = Redaction(secrets)
        self._function = function
        self.mcp_session_ids: set[str] = set()

    def warm_up(self, case: Case) -> None:
        """Ask a case once, so that the start of the session is not taken for the agent's time; no answer counts.

        It gets at most a minute, and at most half of the time that is left for the cases themselves.
        """
        limit = Patience(min(_LONGEST_START, self._patience.for_one_try() / 2))
        self._say(case, limit)

    def ask(self, case: Case) -> Asked:
        """Ask a case; an answer that decides nothing (429, 5xx) is asked again, at most 8 times.

        Raises:
            AwsCallError: IAM refuses the function itself, so no question reaches the agent.
        """
        tries = 0
        while self._patience.for_one_try() > 0:
            tries += 1
            # The time of an answer is that of one try: what the service throttles is not the agent's.
            limit = Patience(self._patience.for_one_try(case.max_seconds or float("inf")))
            began = time.monotonic()
            said, late = self._say(case, limit)
            milliseconds = round((time.monotonic() - began) * 1000)
            if late or not _is_undecided(said.answer):
                reason = self._late(case) if late else self._judge(case, said, milliseconds)
                return Asked(reason is None, milliseconds, reason or "", reason == _TOO_LATE)
            if tries == _MOST_TRIES or not self._patience.wait(tries):
                seen = self._line(str(said.answer))
                refused = denied_question(self._caller, said, seen, self._target, self._function)
                if refused is not None:
                    raise refused
                told = self._line(f"undecided after {tries} tries: {said.answer}")
                return Asked(False, milliseconds, told, undecided=True)
        return Asked(False, None, NOT_ASKED, undecided=True)

    def _say(self, case: Case, limit: Patience) -> tuple[Conversation, bool]:
        """Hold one conversation; also tell whether its time was over before its end."""
        ran_out = False

        def send(message: Message) -> Answer:
            return self._caller.invoke(self._target, message, limit.for_one_try())

        def wait(_looks: int) -> bool:
            # Short pauses: they are part of the time that is measured.
            nonlocal ran_out
            ran_out = not limit.wait(_SHORT)
            return not ran_out

        said = question.ask(self._protocol, case, Line(send, wait))
        if said.session_id is not None:
            self.mcp_session_ids.add(said.session_id)
        return said, ran_out or (said.answer.status is None and limit.for_one_try() <= 0)

    def _late(self, case: Case) -> str:
        if case.max_seconds is None or self._patience.for_one_try() <= 0:
            return _TOO_LATE
        return f"no answer within maxSeconds ({case.max_seconds:g})"

    def _judge(self, case: Case, said: Conversation, milliseconds: int) -> str | None:
        if said.answer.status == HTTPStatus.FAILED_DEPENDENCY:
            return self._line(f"the agent failed: {said.text}")
        if said.problem is not None or said.answer.status != HTTPStatus.OK:
            return self._line(said.problem or f"{said.answer}: {said.text}")
        wrong = mismatch(case, said.text, self._patience)
        if wrong is not None:
            return self._line(f"{wrong}; the answer is: {said.text[:_READ] or '(empty)'}")
        seconds = milliseconds / 1000
        if case.max_seconds is not None and seconds > case.max_seconds:
            return f"took {seconds:.1f} s, allowed: {case.max_seconds:g} s (maxSeconds)"
        return None

    def _line(self, text: str) -> str:
        shown = self._hidden(text[:_READ])
        line = " ".join("".join(c if c.isprintable() else " " for c in shown).split())
        return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 1]}…"


def _is_undecided(answer: Answer) -> bool:
    status = answer.status
    return status is None or status in _UNDECIDED or status >= _FIRST_SERVER_FAULT
