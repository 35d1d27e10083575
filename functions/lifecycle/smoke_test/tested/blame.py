"""Whether a check that failed says that the version itself is bad, or only something around it."""

from __future__ import annotations

from http import HTTPStatus

from lifecycle.errors import SmokeTestError
from lifecycle.smoke_test.conversations.conversation import Conversation
from lifecycle.smoke_test.probes import Probe

NO_MATCH = "the answer does not match"
# AgentCore returns 424 when the agent itself failed: the call passed the authorization. 101 opens a WebSocket.
LET_THROUGH = frozenset(
    {HTTPStatus.SWITCHING_PROTOCOLS, HTTPStatus.OK, HTTPStatus.FAILED_DEPENDENCY}
)


GUARD_LET_THROUGH = (
    "the runtime's resource policy let the call through, so the runtime is not closed; provision again, which repairs "
    "the policy"
)


class VersionFailedError(SmokeTestError):
    """The version itself failed a check by an answer of its own.

    A signal to `lifecycle.smoke_test.run`, which raises it as the `SmokeTestError` that the state machine knows.
    """


def failure_of(probe: Probe, reply: Conversation, problem: str) -> type[SmokeTestError]:
    """The error of a failed check: `VersionFailedError` if the version is what is bad.

    That is so when its authorizer let a call through, or its agent failed or answered wrongly. Refusals of the right
    caller say nothing: the version passed with the same authorizer, so its provider, clients or keys have changed. Nor
    do answers that are undecided, or a pattern that cannot be matched in time.

    Args:
        probe: The call.
        reply: What decided the check.
        problem: Why it failed.
    """
    status = reply.answer.status
    if not probe.answered:
        # A resource policy is the runtime's, not the version's.
        is_bad = status in LET_THROUGH and not probe.settles
    elif status == HTTPStatus.FAILED_DEPENDENCY:
        is_bad = True
    elif status == HTTPStatus.SWITCHING_PROTOCOLS:
        # What a WebSocket said until the time was over may have been right.
        is_bad = problem.startswith(NO_MATCH)
    else:
        wrong = reply.problem is not None or problem.startswith(NO_MATCH)
        is_bad = status == HTTPStatus.OK and wrong
    return VersionFailedError if is_bad else SmokeTestError
