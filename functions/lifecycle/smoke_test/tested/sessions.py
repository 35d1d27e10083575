"""Stop the sessions of a smoke test: a running session keeps its old code, and costs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from http import HTTPStatus

from lifecycle.entry import logger
from lifecycle.smoke_test.invocation import Caller, Target
from lifecycle.smoke_test.patience import Patience

# How much longer than its time limit the smoke test may take, to stop its sessions.
_STOP_SECONDS = 5.0
_SESSION_ID_LENGTH = 33


def stop_sessions(target: Target, others: Iterable[str | None], caller: Caller) -> None:
    """Stop a session and those that MCP servers named, in at most 5 seconds; one that stays is logged.

    Args:
        target: The runtime and the session.
        others: Ids of more sessions.
        caller: Who may stop them.
    """
    # AgentCore takes no shorter id; the conversation takes none of more than 256 characters.
    named = {other for other in others if other is not None and len(other) >= _SESSION_ID_LENGTH}
    time_to_stop = Patience(_STOP_SECONDS)
    for session_id in {target.session_id} | named:
        answer = caller.stop(replace(target, session_id=session_id), time_to_stop.for_one_try())
        # 404: every call was refused before a session began.
        if answer.status not in (HTTPStatus.OK, HTTPStatus.NOT_FOUND):
            logger.warning(
                "session not stopped; it ends after its idle time-out", extra={"seen": str(answer)}
            )
