"""The sessions that a question began: how long their names are, and how they are stopped."""

from __future__ import annotations

from cli.asking.connection import Connection

SESSION_LENGTH = range(33, 257)
"""How many characters the id of a session has, as AgentCore takes them."""


def stop_sessions(connection: Connection, named: str | None) -> str | None:
    """Stop the session of a connection, and the one that an MCP server named.

    Args:
        connection: The way to the endpoint.
        named: The session that the server named; `None` for none.

    Returns:
        What to say if one still runs; `None` if all are stopped.
    """
    others = {named} if named is not None and len(named) in SESSION_LENGTH else set()
    for session_id in {connection.session_id} | others:
        answer = connection.stop(session_id)
        # 404: the call was refused before a session began.
        if answer.status not in (200, 404):
            return f"the session {session_id} was not stopped ({answer}); it ends after its idle time-out"
    return None
