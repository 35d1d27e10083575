"""`lifecycle ask`: ask the agent of an environment, and print the answer as it comes."""

from __future__ import annotations

import json
import shlex
import sys
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.display.lines import print_prose
from cli.display.writer import Writer
from cli.environments.argument import Environment
from cli.errors import FAILED, INTERRUPTED, UsageError
from cli.invocation import QUESTION, hint
from cli.options import AsJson, Local, Stack, StateDir
from cli.streams import Streams
from cli.target.deployed import Deployed, deployed

if TYPE_CHECKING:
    from cli.asking.connection import Connection
    from cli.asking.subject import Asked
    from cli.asking.talk import Reply

_TIMEOUT = 900.0
"""AgentCore quotas: how long an agent may take for its answer, in seconds."""


def ask(
    environment: Environment,
    question: Annotated[
        str | None,
        typer.Argument(
            help="The question. For an MCP server: the call of a tool, as "
            '{"tool": "NAME", "arguments": {…}}.'
        ),
    ] = None,
    *,
    endpoint: Annotated[
        str, typer.Option(help="The endpoint; DEFAULT serves the newest version.")
    ] = "live",
    session: Annotated[
        str | None,
        typer.Option(metavar="ID", help="Go on with this session; it is not stopped at the end."),
    ] = None,
    keep_session: Annotated[
        bool, typer.Option("--keep-session", help="Do not stop the session at the end.")
    ] = False,
    payload: Annotated[
        str | None,
        typer.Option(metavar="FILE|-", help="Send this JSON as it is, instead of a question."),
    ] = None,
    timeout: Annotated[
        float, typer.Option(metavar="SECONDS", min=1, help="How long the answer may take.")
    ] = _TIMEOUT,
    as_json: AsJson = False,
    local: Local = False,
    stack: Stack = None,
    state_dir: StateDir = None,
) -> None:
    """Ask the agent of an environment as its own caller, and print the answer as it comes.

    Exit status: 0 answered, 1 no answer, 2 bad usage, 130 interrupted.
    """
    # Imported late: other commands need nothing of it.
    from cli.asking.sessions import SESSION_LENGTH, stop_sessions

    if (question is None) == (payload is None):
        raise UsageError("give either a question or --payload, and not both")
    if session is not None and len(session) not in SESSION_LENGTH:
        raise UsageError(
            f"--session: given {len(session)} characters, allowed: 33 to 256, as AgentCore takes them"
        )
    body = None if payload is None else _read_payload(payload)
    streams = Streams.for_output(as_json=as_json)
    place = deployed(stack, local=local, state_dir=state_dir)

    from cli.asking.clients import CallerClients
    from cli.asking.connection import Connection
    from cli.asking.failure import explain
    from cli.asking.hidden import Hidden
    from cli.asking.sign_in import sign_in
    from cli.asking.subject import find_asked
    from cli.asking.talk import talk

    asked = find_asked(place, environment, endpoint)
    clients = CallerClients(place)
    signed_in = sign_in(place, asked, clients)
    hidden = Hidden(signed_in.secrets)
    connection = Connection(
        place, asked, signed_in.token, session or f"ask-{uuid.uuid4()}", clients, timeout
    )
    width = streams.result.width if streams.result.is_terminal else None
    writer = Writer(sys.stdout, width)
    kept, named = bool(session or keep_session), None
    began = time.time()
    try:
        reply = talk(
            connection,
            asked,
            lambda text: None if as_json else writer.write(hidden.add(text)),
            question=question or "",
            payload=body,
            seconds=timeout,
        )
        named = reply.session_id
    except KeyboardInterrupt:
        writer.end()
        print_prose(streams.errors, "Interrupted.")
        raise typer.Exit(INTERRUPTED) from None
    finally:
        problem = None if kept else stop_sessions(connection, named)
    failure = None if reply.succeeded else hidden(explain(place, asked, clients, reply, began))
    if as_json:
        shown = _as_json(asked, connection, reply, failure, kept=kept)
        streams.result.print(hidden(json.dumps(shown, ensure_ascii=False)), soft_wrap=True)
    else:
        writer.write(hidden.rest())
        if reply.succeeded and not reply.spoken:
            writer.write(hidden(reply.text))
        writer.end()
    if problem is not None:
        print_prose(streams.errors, problem, "yellow")
    if kept:
        print_prose(streams.errors, _how_to_go_on(place, asked, connection.session_id), "dim")
    if failure is not None:
        print_prose(streams.errors, f"lifecycle: {failure}", "red")
        raise typer.Exit(FAILED)


def _read_payload(source: str) -> bytes:
    """Read the payload.

    Raises:
        UsageError: It cannot be read, or is not JSON in UTF-8.
    """
    name = "standard input" if source == "-" else source
    try:
        read = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
        text = read.decode("utf-8-sig")
        json.loads(text)
    except OSError as error:
        raise UsageError(f"--payload {name}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"--payload {name}: is not UTF-8 text") from error
    except json.JSONDecodeError as error:
        raise UsageError(
            f"--payload {name}: is not JSON: {error.msg} in line {error.lineno}, column {error.colno}"
        ) from error
    return text.encode()


def _how_to_go_on(place: Deployed, asked: Asked, session_id: str) -> str:
    same = ("--session", shlex.quote(session_id))
    command = hint("ask", place.options, asked.environment, *asked.endpoint_option, *same, QUESTION)
    return f"The session still runs. To go on with it:\n  {command}"


def _as_json(
    asked: Asked, connection: Connection, reply: Reply, failure: str | None, *, kept: bool
) -> dict[str, Any]:
    return {
        "environment": asked.environment,
        "endpoint": asked.endpoint,
        "version": asked.version,
        "protocol": asked.protocol,
        "sessionId": connection.session_id,
        "sessionKept": kept,
        "status": reply.answer.status,
        "answer": reply.text if reply.succeeded else None,
        "body": _body(reply.answer.body),
        "error": failure,
        "seconds": round(reply.seconds, 3),
    }


def _body(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
