"""Send probes to a runtime and judge the answers: pass, fail, or undecided and to be repeated."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from http import HTTPStatus

from lifecycle.agent_log.last_error import AgentLog
from lifecycle.entry import Wire
from lifecycle.request.model import Request
from lifecycle.smoke_test.conversations.conversation import Conversation, Line, Protocol
from lifecycle.smoke_test.conversations.protocols import PROTOCOLS
from lifecycle.smoke_test.door import Door
from lifecycle.smoke_test.invocation import NOT_CONNECTED, Answer, Message, Target
from lifecycle.smoke_test.patience import Patience
from lifecycle.smoke_test.pattern import matches
from lifecycle.smoke_test.probes import REFUSED, Probe, name_of
from lifecycle.smoke_test.redaction import Redaction
from lifecycle.smoke_test.tested.blame import (
    GUARD_LET_THROUGH,
    LET_THROUGH,
    NO_MATCH,
    failure_of,
)
from lifecycle.smoke_test.tested.denial import (
    denied,
    is_denied_behind_gateway,
    is_denied_by_iam,
    is_denied_by_resource,
    is_not_signed,
    refusal_hint,
)
from lifecycle.smoke_test.tested.unheard import Unheard

_REFUSALS = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
_SERVER_FAULT = 500
_REFUSAL_SECONDS = 30.0
_UNDECIDED = "undecided"
# A first pull of an image can take longer than the service lets an agent start: a 424 that goes away. An agent that is
# broken fails quickly, each time.
_QUICK_SECONDS = 5.0
_MOST_QUICK = 3
# A permission that was given a moment ago may count only later.
_MOST_DENIALS = 3
# How long a change of a runtime's resource policy, or of the role with which its gateway calls it, may not count yet:
# IAM gives no limit (IAM user guide, "Troubleshoot IAM"), and no document says whether the policy takes time.
_SETTLE_SECONDS = 30.0
_SHOWN = 300
_ANSWER_SHOWN = 4000


class Check(Wire):
    """The result of one probe.

    Attributes:
        name: What must happen.
        expected: The statuses that pass, and what the answer must match.
        seen: The status and code that decided the check.
        passed: Whether the answer was as expected.
        milliseconds: How long the check took, including undecided tries.
    """

    name: str
    expected: str
    seen: str
    passed: bool
    milliseconds: int


class Gate:
    """Sends probes to a runtime, one after the other, within one time limit.

    Attributes:
        checks: The checks so far.
        answer: The agent's answer to the call that must be answered.
        mcp_session_id: The session id from an MCP server; that session must be stopped, too.

    Args:
        target: The runtime and session.
        request: The protocol, the prompt and the expected answer.
        patience: The time limit of all probes together.
        secrets: Texts that must not appear in any output.
        agent_log: What the agent writes, for the cause of a failure.
        protocol: How to speak with the agent; by the protocol of the request if left out.
        door: What is called, for the causes of failures; the runtime's own endpoint if left out.
    """

    def __init__(
        self,
        target: Target,
        request: Request,
        patience: Patience,
        secrets: Iterable[str],
        agent_log: AgentLog,
        protocol: Protocol | None = None,
        door: Door | None = None,
    ) -> None:
        self._target = target
        self._door = door or Door()
        self._agent_log = agent_log
        self._request = request
        self._protocol = protocol or PROTOCOLS[request.runtime.protocol]
        self._patience = patience
        self._hidden = Redaction(secrets)
        self.checks: list[Check] = []
        self.answer = ""
        self.mcp_session_id: str | None = None

    def ask(self, probe: Probe) -> None:
        """Send one probe to the runtime; repeat it while the answer is undecided.

        A probe that must be refused is sent with each opening of the protocol, and each is a check.

        Raises:
            SmokeTestError: The answer is not the expected one (`VersionFailedError`, if that is the version's fault),
                or the time limit passed without a decisive answer.
            AwsCallError: IAM refuses the function itself, so the check would prove nothing about the authorizer; or, as
                the door has it, what the gateway on the way does with its own role.
        """
        if probe.answered:
            self._check(probe, partial(self._answered, probe))
            return
        for opening in self._protocol.openings(self._request.smoke_test.prompt):
            named = replace(probe, name=name_of(probe, opening))
            self._check(named, partial(self._refused, named, opening.message))

    def _check(self, probe: Probe, call: Callable[[], Conversation]) -> None:
        expected = _expected(probe, self._protocol, self._request.smoke_test.expect)
        began, since, tries, failure = time.monotonic(), time.time(), 0, ""
        unheard = Unheard(self._protocol, self._request.runtime.configuration)
        while True:
            tries += 1
            tried = time.monotonic()
            reply = call()
            last = tries >= _MOST_QUICK and time.monotonic() - tried < _QUICK_SECONDS
            if probe.answered:
                unheard.note(reply)
                self._door.note(reply)
            problem = self._judge(probe, reply)
            if probe.answered and _is_failure(reply):
                failure = f"; an earlier try: {problem}"
            settles = _settles(probe, reply, since, self._target)
            if tries >= _MOST_DENIALS and is_denied_by_iam(probe, reply) and not settles:
                seen = self._line(str(reply.answer))
                self.checks.append(_result(probe, expected, seen, began, passed=False))
                raise denied(probe, reply, seen, self._target, self._door)
            if not settles and not _is_repeated(probe, reply, problem, last=last):
                break
            if not self._patience.wait(tries):
                if problem == _UNDECIDED:
                    step = _next_step(probe, reply, unheard, self._door, self._target)
                    spent = f"{tries} tries in {self._patience.seconds:.0f} s"
                    problem = f"undecided after {spent}: {step}{failure}"
                break
        seen = self._line(reply.problem or str(reply.answer))
        self.checks.append(_result(probe, expected, seen, began, passed=problem is None))
        if problem is not None:
            raise failure_of(probe, reply, problem)(
                f"check '{probe.name}': expected {expected}, seen {seen}: {problem}"
                f"{self._of_the_agent(probe, reply, since, unheard.hint)}"
            )
        if probe.answered:
            self.answer = self._hidden(reply.text[:_ANSWER_SHOWN])

    def _refused(self, probe: Probe, message: Message) -> Conversation:
        seconds = self._patience.for_one_try(_REFUSAL_SECONDS)
        answer = probe.caller.invoke(self._target, message, seconds)
        return Conversation(self._protocol.read(answer))

    def _answered(self, probe: Probe) -> Conversation:
        def send(message: Message) -> Answer:
            seconds = self._patience.for_one_try()
            return self._protocol.read(probe.caller.invoke(self._target, message, seconds))

        line = Line(send, self._patience.wait)
        talk = self._protocol.converse(line, self._request.smoke_test.prompt)
        self.mcp_session_id = talk.session_id or self.mcp_session_id
        return talk

    def _judge(self, probe: Probe, reply: Conversation) -> str | None:
        """None: passed. `_UNDECIDED`: repeat the probe. Anything else: why the check failed."""
        status = reply.answer.status
        if not probe.answered:
            if is_denied_by_iam(probe, reply) or is_not_signed(probe, reply):
                return _UNDECIDED
            if status in _REFUSALS:
                return None
            if _is_let_through(reply):
                return GUARD_LET_THROUGH if probe.settles else self._door.let_through
            return _UNDECIDED
        if _is_failure(reply):
            hint = self._door.hint(reply)
            return f"the agent failed: {self._line(reply.text)}" + (hint and f"; {hint}")
        if reply.problem is not None:
            return self._door.unexpected
        if status != self._protocol.answered:
            return _UNDECIDED
        shown = f"the answer is: {self._line(reply.text) or '(empty)'}"
        problem = _mismatch(
            self._request.smoke_test.expect, reply.text, self._patience.for_one_try()
        )
        return f"{problem}; {shown}" if problem else None

    def _of_the_agent(self, probe: Probe, reply: Conversation, since: float, hint: str) -> str:
        """What the agent's log says; where the agent must listen, if that fits and the log has no error."""
        if not probe.answered:
            return ""
        if not _may_be_the_agents(reply.answer):
            return f"; {hint}" if hint else ""
        return f"; {self._agent_log.explain(since, self._patience.wait, self._hidden, hint)}"

    def _line(self, text: str) -> str:
        line = " ".join(self._hidden(text[:_ANSWER_SHOWN]).split())
        return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 1]}…"


def _result(probe: Probe, expected: str, seen: str, began: float, *, passed: bool) -> Check:
    return Check(
        name=probe.name,
        expected=expected,
        seen=seen,
        passed=passed,
        milliseconds=round((time.monotonic() - began) * 1000),
    )


def _settles(probe: Probe, reply: Conversation, since: float, target: Target) -> bool:
    """Whether a change of the runtime's resource policy, or of the gateway's own role, may only not count yet."""
    policy = probe.settles and _is_let_through(reply)
    young = is_denied_by_resource(reply) or is_denied_behind_gateway(reply, target)
    return (policy or (probe.answered and young)) and time.time() - since < _SETTLE_SECONDS


def _is_let_through(reply: Conversation) -> bool:
    return reply.answer.status in LET_THROUGH


def _may_be_the_agents(answer: Answer) -> bool:
    """Whether the agent may have failed; other answers say that the call did not reach it, or that it answered."""
    if answer.status is None:
        return answer.code not in NOT_CONNECTED
    return answer.status == HTTPStatus.FAILED_DEPENDENCY or answer.status >= _SERVER_FAULT


def _is_failure(reply: Conversation) -> bool:
    """Whether the agent itself failed (AgentCore's status for that)."""
    return reply.answer.status == HTTPStatus.FAILED_DEPENDENCY


def _next_step(
    probe: Probe, reply: Conversation, unheard: Unheard, door: Door, target: Target
) -> str:
    if reply.answer.code in NOT_CONNECTED:
        return "this function did not reach AgentCore, which says nothing of the agent; retry"
    hints = (door.hint(reply) if probe.answered else "", refusal_hint(probe, reply, target, door))
    step = "fix what follows" if unheard.hint else "retry or raise smokeTest.timeoutSeconds"
    said = "; ".join(filter(None, hints))
    return said or f"that status is neither a pass nor a failure; {step}"


def _mismatch(pattern: str, text: str, seconds: float) -> str | None:
    """Why the answer is not the expected one; None when it is."""
    try:
        return None if matches(pattern, text, seconds) else NO_MATCH
    except TimeoutError:
        return (
            "smokeTest.expect against the answer took too long; write the pattern without nested quantifiers such as "
            "(a+)+, or raise smokeTest.timeoutSeconds"
        )
    except MemoryError:
        return "smokeTest.expect against the answer needs too much memory; write a simpler pattern"


def _is_repeated(probe: Probe, reply: Conversation, problem: str | None, *, last: bool) -> bool:
    failed = probe.answered and _is_failure(reply)
    return problem == _UNDECIDED or (failed and not last)


def _expected(probe: Probe, protocol: Protocol, pattern: str) -> str:
    return f"{protocol.answered} and /{pattern}/" if probe.answered else REFUSED
