"""The local AWS: starts from `template.yaml`, and leaves nothing behind when it stops."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from local.moto import catalogue as _first  # noqa: F401

# isort: split
from local.agentcore.settings import Delays, Quotas
from local.edge.host_names import HostNames
from local.edge.server import EVERYWHERE, HOST
from local.emulator.emulator import ACCOUNT_ID, REGION, Emulator
from local.emulator.process import AlreadyRunningError
from local.emulator.running import RunningAws, announced, find_running
from local.emulator.updates import StackUpdates
from local.moto.stepfunctions.waits import short_waits
from local.readings import Readings
from local.services.functions.service import Callables
from local.stack.deploy import Deployment, Stack

__all__ = ["AlreadyRunningError", "EmbeddedAws", "RunningAws", "find_running"]

REPOSITORY = Path(__file__).resolve().parents[1]
STACK_NAME = "agentcore-lifecycle"
WAIT_SECONDS = 0.25
"""How long a Wait state of one second takes for somebody who edits an agent."""


class EmbeddedAws:
    """One local AWS with a deployed stack: a server, by default on loopback only, and its child processes.

    A process can run one at a time, because moto keeps its state in the process; several processes can
    run one each. Use it as a context manager, or call `stop`.

    Attributes:
        state_dir: The state folder.
        endpoint_url: Its endpoint, `http://localhost:PORT`.
        region: Its region.
        account_id: Its account.
        stack: The stack.
        outputs: The stack's outputs.
        credentials: Issues access keys.
        calls: The call log.
        faults: The faults to inject.
        agentcore: The local AgentCore.
        functions: The stack's functions.
        function_logs: Their output.
        events: Deliveries of EventBridge, and its clock.
        readings: What it plays where AWS's behaviour is not known.
    """

    @classmethod
    def start(
        cls,
        *,
        state_dir: Path,
        port: int = 0,
        host_names: Sequence[str] = (),
        bind: str = HOST,
        template: Path = REPOSITORY / "template.yaml",
        parameters: dict[str, str] | None = None,
        delays: Delays | None = None,
        quotas: Quotas | None = None,
        readings: Mapping[str, str] | None = None,
        stack_name: str = STACK_NAME,
        functions: Callables | None = None,
        warm: Sequence[str] = (),
    ) -> EmbeddedAws:
        """Start a local AWS and deploy a template.

        Args:
            state_dir: Everything that it writes is in this folder. It deletes what an earlier one left
                there, except `cache`.
            port: Port; 0 picks a free one.
            host_names: Names beside `localhost` by which containers ask for it.
            bind: An IPv4 address to listen on beside 127.0.0.1; it is a host name, too. 0.0.0.0: every address.
            template: The SAM template.
            parameters: Values for the template's parameters.
            delays: How long AgentCore's states last.
            quotas: AgentCore's limits.
            readings: What to play where AWS's behaviour is not known, by name (`local.readings`).
            stack_name: Name of the stack.
            functions: Python callables by logical id that replace functions' processes, for fast tests
                of a definition. An exception's class name is the error's name.
            warm: Logical ids of functions whose first process starts in the background, in this order,
                so that their first call is not a cold start.

        Raises:
            AlreadyRunningError: The state folder or this process has one already.
            StackError: The template cannot be deployed.
            ReadingError: There is no such reading or value.
            HostNameError: A text is not a host name.
            OSError: The port is in use, or `bind` is no address of this machine.
        """
        state_dir = state_dir.resolve()
        with ExitStack() as undo:
            emulator = Emulator(
                undo=undo,
                state_dir=state_dir,
                port=port,
                bind=bind,
                names=HostNames([*host_names, *([] if bind in (HOST, EVERYWHERE) else [bind])]),
                stack_name=stack_name,
                delays=delays or Delays(),
                quotas=quotas,
                readings=Readings(readings),
                callables=functions,
            )
            deployment = Deployment(
                template=template,
                parameters=parameters or {},
                stack_name=stack_name,
                region=REGION,
                account_id=ACCOUNT_ID,
                state_dir=state_dir,
                client=emulator.deploying_client,
                register=emulator.services.functions.register,
            )
            stack = deployment.create()
            updates = StackUpdates(deployment, emulator.services.functions, warm)
            emulator.deployed(updates)
            environment = emulator.environment()
            undo.enter_context(announced(state_dir, emulator.endpoint_url, stack_name, environment))
            aws = cls(emulator, stack, state_dir, undo.pop_all())
        aws.functions.warm(warm)
        return aws

    def __init__(self, emulator: Emulator, stack: Stack, state_dir: Path, undo: ExitStack) -> None:
        """Use `start`."""
        self._emulator = emulator
        self._undo = undo
        self.state_dir = state_dir
        self.endpoint_url = emulator.endpoint_url
        self.region = REGION
        self.account_id = ACCOUNT_ID
        self.stack = stack
        self.outputs = stack.outputs
        self.credentials = emulator.credentials
        self.calls = emulator.calls
        self.faults = emulator.faults
        self.agentcore = emulator.services.agentcore
        self.functions = emulator.services.functions
        self.function_logs = emulator.services.function_logs
        self.events = emulator.services.events
        self.readings = emulator.readings

    def environment(self) -> dict[str, str]:
        """Return the variables that direct any AWS client to it."""
        return self._emulator.environment()

    def client(self, service: str) -> Any:
        """Return a boto3 client of a service, with the access key of `root`."""
        return self._emulator.client(service)

    @contextmanager
    def for_edits(self) -> Iterator[None]:
        """Answer sooner, for whoever edits an agent: start the agent of a new version ahead, and poll often."""
        self.agentcore.ahead.switch_on()
        with short_waits(WAIT_SECONDS):
            yield

    def stop(self) -> None:
        """Stop every child process, close the port and unlock the state folder. Safe to repeat."""
        self._undo.close()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop it."""
        self.stop()
