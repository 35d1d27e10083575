"""A server of the A2A Python SDK that echoes a message as a task.

A program for the environment of requirements/clients.txt. Its arguments are the versions that its card offers. It
prints the port on loopback where it listens.
"""

from __future__ import annotations

import socket
import sys

import uvicorn
from a2a.server.agent_execution import AgentExecutor, RequestContext
from a2a.server.events import EventQueue
from a2a.server.request_handlers import DefaultRequestHandler
from a2a.server.routes import create_agent_card_routes, create_jsonrpc_routes
from a2a.server.tasks import InMemoryTaskStore, TaskUpdater
from a2a.types import (
    AgentCapabilities,
    AgentCard,
    AgentInterface,
    AgentSkill,
    Part,
    Task,
    TaskState,
    TaskStatus,
)
from starlette.applications import Starlette


class Echo(AgentExecutor):  # type: ignore[misc]
    """Echoes a message; `fail` fails."""

    async def execute(self, context: RequestContext, event_queue: EventQueue) -> None:
        status = TaskStatus(state=TaskState.TASK_STATE_SUBMITTED)
        task = Task(id=context.task_id, context_id=context.context_id, status=status)
        await event_queue.enqueue_event(task)
        updater = TaskUpdater(event_queue, context.task_id, context.context_id)
        await updater.start_work()
        said = context.get_user_input()
        if said == "fail":
            await updater.failed(updater.new_agent_message(parts=[Part(text="sorry")]))
            return
        await updater.add_artifact(parts=[Part(text=f"echo of {said}")])
        await updater.complete()

    async def cancel(self, context: RequestContext, event_queue: EventQueue) -> None:
        """Do nothing: no task lasts."""


def card(url: str, versions: list[str]) -> AgentCard:
    """The agent's card."""
    return AgentCard(
        name="echo",
        description="Says what it hears.",
        version="1",
        capabilities=AgentCapabilities(),
        default_input_modes=["text/plain"],
        default_output_modes=["text/plain"],
        skills=[AgentSkill(id="echo", name="Echo", description="Echoes a text.", tags=["echo"])],
        supported_interfaces=[
            AgentInterface(url=url, protocol_binding="JSONRPC", protocol_version=version)
            for version in versions
        ],
    )


def main() -> None:
    versions = sys.argv[1:]
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        port = listening.getsockname()[1]
        described = card(f"http://127.0.0.1:{port}/", versions)
        handler = DefaultRequestHandler(
            agent_executor=Echo(), task_store=InMemoryTaskStore(), agent_card=described
        )
        old = "0.3" in versions
        routes = [
            *create_agent_card_routes(described),
            *create_jsonrpc_routes(handler, rpc_url="/", enable_v0_3_compat=old),
        ]
        sys.stdout.write(f"{port}\n")
        sys.stdout.flush()
        config = uvicorn.Config(Starlette(routes=routes), log_level="error")
        uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main()
