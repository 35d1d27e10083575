"""Runs inside an agent's own Python, before the agent: moves its server to a free port.

The service contract gives every agent port 8080 (8000 for MCP) of a machine of its own. Here many
agents share one machine, so the one thing that an agent meets differently is where `bind` puts its
listening socket: a free port of the loopback. The agent is told nothing.

Until then, Python also collects garbage less often: imports make many objects and hardly any garbage,
and an agent that starts sooner is an edit that is answered sooner.

It is imported through `PYTHONWARNINGS=ignore::agentcore_local_port.Moved`: Python imports the module
of a warning category named there, in every interpreter that the agent's command starts (a
`sitecustomize` would be hidden by the one of `opentelemetry-instrument`).

Variables: `AGENTCORE_LOCAL_PORT`, the port of the contract; `AGENTCORE_LOCAL_PORT_FILE`, where
`host port` is written once the socket is bound.
"""

import gc
import os
import socket
import sys


class Moved(Warning):
    """Names this module in PYTHONWARNINGS; never raised."""


_CONTRACT = int(os.environ.get("AGENTCORE_LOCAL_PORT", "0"))
_FILE = os.environ.get("AGENTCORE_LOCAL_PORT_FILE", "")
_ANY = ("", "0.0.0.0", "::")  # noqa: S104 - compared with, not bound
_bind = socket.socket.bind
_THRESHOLD = gc.get_threshold()
_STARTING = (50_000, *_THRESHOLD[1:])


def _started() -> None:
    if gc.get_threshold() == _STARTING:  # an agent that has set its own keeps it
        gc.set_threshold(*_THRESHOLD)


def _bind_elsewhere(self, address):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    inet = self.family in (socket.AF_INET, socket.AF_INET6)
    if not inet or not self.type & socket.SOCK_STREAM:
        return _bind(self, address)
    loopback = "127.0.0.1" if self.family == socket.AF_INET else "::1"
    if address[1] != _CONTRACT:
        # Whatever else it listens on is no business of the network's.
        return _bind(self, (loopback, *address[1:]) if address[0] in _ANY else address)
    result = _bind(self, (loopback, 0))
    _started()
    if address[0] not in _ANY:
        # On AWS nobody reaches it there either.
        sys.stderr.write(
            f"the agent listens on {address[0]}:{address[1]} only; "
            f"the service calls it from outside, on 0.0.0.0:{address[1]}\n"
        )
        return result
    text = f"{loopback} {self.getsockname()[1]}"
    try:
        with open(_FILE, "x", encoding="ascii") as file:  # noqa: PTH123 - pathlib costs start-up time
            file.write(text)
    except FileExistsError:
        return result  # a second address of the same server: the first one serves
    return result


if _CONTRACT and _FILE:
    gc.set_threshold(*_STARTING)
    socket.socket.bind = _bind_elsewhere  # type: ignore[method-assign]
    # uvloop binds below Python; uvicorn takes asyncio's loop when it cannot import it.
    sys.modules.setdefault("uvloop", None)  # type: ignore[arg-type]
