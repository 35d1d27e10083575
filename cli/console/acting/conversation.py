"""Asks the agent of an environment a question as its own caller, and yields the answer while it comes.

The token and the password stay in this process: what the agent says is searched for them.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from cli.asking.clients import CallerClients
from cli.asking.connection import Connection
from cli.asking.failure import explain
from cli.asking.hidden import Hidden
from cli.asking.sessions import stop_sessions
from cli.asking.sign_in import sign_in
from cli.asking.stream import Say
from cli.asking.subject import find_asked
from cli.asking.talk import talk
from cli.errors import CommandError
from cli.target.deployed import Deployed

_LOGGER = logging.getLogger(__name__)
_SECONDS = 900.0
"""AgentCore quotas: how long an agent may take for its answer."""


@dataclass(frozen=True)
class End:
    """How a question ended.

    Attributes:
        failure: Why there is no answer, as `lifecycle ask` says it; `None` if there is one.
        version: The version that answered; `None` if it is not known.
        seconds: How long it took.
        left: What to say of a session that could not be stopped; `None` for nothing.
    """

    failure: str | None
    version: str | None = None
    seconds: float = 0.0
    left: str | None = None


class _GoneError(Exception):
    """Nobody reads the answer any more."""


def answer_of(
    place: Deployed, environment: str, endpoint: str, question: str
) -> Iterator[str | End]:
    """Ask, and yield each piece of the answer, and last how it ended.

    The question is given up, and its session stopped, when the iterator is closed and the agent says the next piece.

    Args:
        place: The stack.
        environment: The environment's name.
        endpoint: The endpoint's name.
        question: The question.
    """
    pieces: queue.SimpleQueue[str | End] = queue.SimpleQueue()
    gone = threading.Event()

    def say(text: str) -> None:
        if gone.is_set():
            raise _GoneError
        pieces.put(text)

    def work() -> None:
        try:
            pieces.put(_ask(place, environment, endpoint, question, say))
        except (CommandError, ClientError, BotoCoreError) as error:
            pieces.put(End(str(error)))
        except _GoneError:
            return
        except Exception as error:
            _LOGGER.exception("a question to %s", environment)
            pieces.put(End(f"the console has a fault: {type(error).__name__}"))

    threading.Thread(target=work, name="ask", daemon=True).start()
    try:
        while True:
            piece = pieces.get()
            yield piece
            if isinstance(piece, End):
                return
    finally:
        gone.set()


def _ask(place: Deployed, environment: str, endpoint: str, question: str, say: Say) -> End:
    asked = find_asked(place, environment, endpoint)
    clients = CallerClients(place)
    signed_in = sign_in(place, asked, clients)
    hidden = Hidden(signed_in.secrets)
    session = f"console-{uuid.uuid4()}"
    connection = Connection(place, asked, signed_in.token, session, clients, _SECONDS)
    began, named = time.time(), None
    try:
        reply = talk(
            connection,
            asked,
            lambda text: say(hidden.add(text)),
            question=question,
            seconds=_SECONDS,
        )
        named = reply.session_id
    finally:
        left = stop_sessions(connection, named)
    failure = None if reply.succeeded else hidden(explain(place, asked, clients, reply, began))
    say(hidden.rest())
    if reply.succeeded and not reply.spoken:
        say(hidden(reply.text))
    return End(failure, asked.version, round(reply.seconds, 1), left)
