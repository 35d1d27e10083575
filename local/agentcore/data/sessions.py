"""Sessions: one agent process each, on one version, until idle, too old, stopped or deleted."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field

from local.agentcore.data.process import AgentProcess
from local.agentcore.data.target import Target
from local.agentcore.model.errors import not_found
from local.agentcore.model.rate import Rate
from local.agentcore.settings import Clock, Quotas

Key = tuple[str, str, str]
"""Runtime id, endpoint and session id."""


@dataclass
class Session:
    """A session and the process that serves it.

    Attributes:
        target: The version it started on; it stays there even when the endpoint moves.
        ready: The process once it serves, or why it never will.
        clock: Seconds since the epoch.
        users: Requests that are being served.
        ended: Whether it is over, for whatever reason.
    """

    id: str
    target: Target
    started_at: float
    used_at: float
    clock: Clock
    ready: Future[AgentProcess] = field(default_factory=Future)
    users: int = 0
    ended: bool = False

    @property
    def key(self) -> Key:
        """What the session is known by."""
        return (self.target.runtime_id, self.target.endpoint, self.id)

    def touch(self) -> None:
        """Note that something was said on a WebSocket, so that it is not idle."""
        self.used_at = self.clock()

    def process(self) -> AgentProcess | None:
        """Return the process if it has started well, without waiting for it."""
        if not self.ready.done() or self.ready.exception() is not None:
            return None
        return self.ready.result()

    def overdue(self, now: float) -> bool:
        """Say whether it has been idle too long (and nothing runs in it), or lived too long."""
        limits = self.target.configuration["lifecycleConfiguration"]
        idle = self.users == 0 and now - self.used_at >= limits["idleRuntimeSessionTimeout"]
        return bool(idle or now - self.started_at >= limits["maxLifetime"])

    def busy(self, now: float) -> bool:
        """Ask the agent whether it works without a request (`HealthyBusy`); after its longest life it is not asked."""
        process = self.process()
        limit = self.target.configuration["lifecycleConfiguration"]["maxLifetime"]
        lived = now - self.started_at
        return process is not None and lived < limit and process.ping() == "HealthyBusy"


class Sessions:
    """Every session of the account; safe between threads.

    Args:
        start: Starts a process for a target and a session id, and returns it when it serves;
            what it raises goes to everyone who waits for the session.
        clock: Seconds since the epoch.
        quotas: Rate of new sessions.
    """

    def __init__(
        self, start: Callable[[Target, str], AgentProcess], clock: Clock, quotas: Quotas
    ) -> None:
        self._start = start
        self._clock = clock
        self._quotas = quotas
        self._sessions: dict[Key, Session] = {}
        self._aliases: dict[Key, Key] = {}
        self._starts = Rate()
        self._lock = threading.Lock()

    def enter(self, target: Target, session_id: str) -> tuple[Session, AgentProcess]:
        """Take a place in a session; start it if there is none. Call `leave` when done.

        Args:
            target: Where a new session would start.
            session_id: The session's id, or one that its MCP server gave (see `also_known_as`).

        Raises:
            ServiceError: ThrottlingException when too many sessions start.
        """
        with self._lock:
            key = (target.runtime_id, target.endpoint, session_id)
            key = self._aliases.get(key, key)
            session, ended = self._usable(key)
            mine = session is None
            if session is None:
                now = self._clock()
                self._starts.count(now, self._quotas.new_sessions_per_second)
                session = Session(key[2], target, now, now, self._clock)
                self._sessions[key] = session
            session.users += 1
        if ended is not None:
            _end(ended)
        if mine:
            self._fill(session)
        try:
            return session, session.ready.result()
        except BaseException:
            self.leave(session)
            raise

    def leave(self, session: Session) -> None:
        """Give a place back; the idle time starts with the last one."""
        with self._lock:
            session.users -= 1
            session.used_at = self._clock()

    def also_known_as(self, session: Session, alias: str) -> None:
        """Let a session be found by another id too: the `Mcp-Session-Id` of its own server."""
        with self._lock:
            runtime_id, endpoint, _ = session.key
            self._aliases[(runtime_id, endpoint, alias)] = session.key

    def stop(self, target: Target, session_id: str) -> None:
        """End a session.

        Raises:
            ServiceError: ResourceNotFoundException when there is none with this id.
        """
        key = (target.runtime_id, target.endpoint, session_id)
        if not self._end_all(lambda session: session.key == self._aliases.get(key, key)):
            raise not_found(f"No session '{session_id}' is running on endpoint {target.endpoint}.")

    def discard(self, session: Session) -> None:
        """End one session, if it is still there."""
        self._end_all(lambda other: other is session)

    def end_runtime(self, runtime_id: str) -> None:
        """End every session of a runtime."""
        self._end_all(lambda session: session.target.runtime_id == runtime_id)

    def end_endpoint(self, runtime_id: str, endpoint: str) -> None:
        """End every session of an endpoint."""
        self._end_all(lambda session: session.key[:2] == (runtime_id, endpoint))

    def end_everything(self) -> None:
        """End every session."""
        self._end_all(lambda session: True)

    def sweep(self) -> None:
        """End what is idle or too old. An agent that says `HealthyBusy` is not idle."""
        now = self._clock()
        with self._lock:
            overdue = [session for session in self._sessions.values() if session.overdue(now)]
        for session in overdue:
            if session.busy(now):
                with self._lock:
                    session.used_at = now
                continue
            self._end_all(lambda other, gone=session: other is gone and other.overdue(now))  # type: ignore[misc]

    def running(self) -> list[Session]:
        """Return the sessions that there are."""
        with self._lock:
            return list(self._sessions.values())

    # --- parts ---

    def _usable(self, key: Key) -> tuple[Session | None, Session | None]:
        """Return the session with this key, or none and the one that has to end first."""
        session = self._sessions.get(key)
        if session is None:
            return None, None
        process = session.process()
        dead = process is not None and not process.alive()
        if not dead and not session.overdue(self._clock()):
            return session, None
        self._remove(session)
        return None, session

    def _fill(self, session: Session) -> None:
        try:
            process = self._start(session.target, session.id)
        except BaseException as error:  # noqa: BLE001 - handed to everyone who waits
            with self._lock:
                self._remove(session)
            session.ready.set_exception(error)
            return
        with self._lock:
            # In one step: who ends the session must either find the process, or be seen here.
            wanted = self._sessions.get(session.key) is session
            session.ready.set_result(process)
        if not wanted:
            process.end()  # it was stopped while it started

    def _end_all(self, chosen: Callable[[Session], bool]) -> int:
        with self._lock:
            ended = [session for session in self._sessions.values() if chosen(session)]
            for session in ended:
                self._remove(session)
        for session in ended:
            _end(session)
        return len(ended)

    def _remove(self, session: Session) -> None:
        session.ended = True
        self._sessions.pop(session.key, None)
        self._aliases = {a: k for a, k in self._aliases.items() if k != session.key}


def end_named(sessions: Sessions, session_id: str) -> None:
    """End every session that a caller gave this id."""
    for session in sessions.running():
        if session.id == session_id:
            sessions.discard(session)


def _end(session: Session) -> None:
    process = session.process()
    if process is not None:
        process.end()
