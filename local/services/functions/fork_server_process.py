"""The fork server's process: imports what every function imports, and forks one process for each order.

Run by `local.services.functions.fork_server` as `python -P fork_server_process.py FD MODULE...`; FD is a socket of type
SOCK_SEQPACKET, and each MODULE is imported first. Nothing else of `local` is imported here: all that this process has
loaded, the functions' processes have, too.

A message that comes in is an order, a JSON object of `argv`, `environment`, `directory` and `name`, with the file
descriptor for the output. Messages that go out are `{"started": PID}` or `{"failed": TEXT}` for each order, in
their order, and `{"ended": PID, "status": STATUS}`, with the status as `os.waitpid` returns it. A process that is
said to have started leads its process group, so that it can be killed with it.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import sys
import time
from typing import Any

_MOST_BYTES = 1 << 20
_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15
_LIBC = ctypes.CDLL(None)


def serve(channel: socket.socket) -> dict[str, Any]:
    """Take orders until the channel is closed.

    Returns:
        The order, in the process that was forked for it; the server itself does not return.
    """
    wake, woken = os.pipe()
    os.set_blocking(woken, False)
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(woken)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    while True:
        ready, _, _ = select.select([channel.fileno(), wake], [], [])
        if wake in ready:
            _drain(wake)
            _tell_the_ended(channel)
        if channel.fileno() not in ready:
            continue
        message, descriptors, _, _ = socket.recv_fds(channel, _MOST_BYTES, 1)
        if not message:
            sys.exit()  # the local AWS has gone
        (output,) = descriptors
        order: dict[str, Any] = json.loads(message)
        server = os.getpid()
        leads, led = os.pipe()
        try:
            pid = os.fork()
        except OSError as error:
            answer: dict[str, Any] = {"failed": str(error)}
        else:
            if pid == 0:
                channel.close()
                for descriptor in (wake, woken, leads):
                    os.close(descriptor)
                _leave(server, output, led)
                return order
            answer = {"started": pid}
        os.close(led)
        os.read(leads, 1)  # until the process has closed its end
        os.close(leads)
        os.close(output)
        channel.send(json.dumps(answer).encode())


def _drain(pipe: int) -> None:
    try:
        while os.read(pipe, 4096):
            continue
    except BlockingIOError:
        return


def _tell_the_ended(channel: socket.socket) -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        channel.send(json.dumps({"ended": pid, "status": status}).encode())


def _leave(server: int, output: int, led: int) -> None:
    """Stop being the server: a session of its own, the order's output, signals as at a start."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    os.close(led)
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != server:
        os._exit(1)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(output)


def become(order: dict[str, Any]) -> None:
    """Run what `python -m MODULE ARGUMENT...` would run with this environment in this directory."""
    _LIBC.prctl(_PR_SET_NAME, order["name"].encode(), 0, 0, 0)
    os.environ.clear()
    os.environ.update(order["environment"])
    time.tzset()
    os.chdir(order["directory"])
    more = os.environ.get("PYTHONPATH", "")
    sys.path[:0] = [order["directory"], *(more.split(os.pathsep) if more else [])]
    module, *arguments = order["argv"]
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def main() -> None:
    """Import, serve, and become what was ordered."""
    descriptor, *modules = sys.argv[1:]
    channel = socket.socket(fileno=int(descriptor))
    for module in modules:
        importlib.import_module(module)
    # What was loaded until here stays in memory that all processes share.
    gc.collect()
    gc.freeze()
    become(serve(channel))


if __name__ == "__main__":
    main()
