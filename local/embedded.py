"""The embedded AWS as a whole: started from `template.yaml`, stopped without a trace."""

from __future__ import annotations

import fcntl
import json
import logging
import os
import shutil
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, fields
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import boto3
from botocore.config import Config
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from local.agentcore.service import AgentCore
from local.agentcore.settings import Delays, Quotas
from local.edge.app import Gateway
from local.edge.authorization import Authorization
from local.edge.calls import CallLog
from local.edge.credentials import Credentials, CredentialStore, Principal
from local.edge.faults import FaultPlan
from local.edge.local_api import LocalApi
from local.edge.operations import Operations, new_session
from local.edge.permissions import Place
from local.edge.server import Server
from local.services import moto_seams
from local.services.bedrock.service import Bedrock
from local.services.build.codebuild import CodeBuild
from local.services.build.images import ImageStore, Reference
from local.services.children import Children, kill_left_over
from local.services.cognito import Cognito
from local.services.events import Events
from local.services.function_logs import FunctionLogs
from local.services.functions import Callables, Functions
from local.stack import moto_stacks
from local.stack.deploy import Stack, deploy

REPOSITORY = Path(__file__).resolve().parents[1]
STACK_NAME = "agentcore-lifecycle"
REGION = "us-east-1"
ACCOUNT_ID = "123456789012"
"""moto's account, in which it puts every access key that it has not seen."""

_RUNNING_FILE = "running.json"
_KEPT = {"cache", "lock"}
_HEALTH_SECONDS = 2.0

_one_at_a_time = threading.Lock()


class AlreadyRunningError(RuntimeError):
    """Another embedded AWS holds the state folder, or lives in this process."""


@dataclass(frozen=True)
class RunningAws:
    """An embedded AWS that another process keeps up.

    Attributes:
        endpoint_url: Where it answers.
        stack_name: The stack that it has deployed.
        pid: The process it lives in.
    """

    endpoint_url: str
    stack_name: str
    pid: int
    _environment: dict[str, str]

    def environment(self) -> dict[str, str]:
        """Return the variables that point any AWS client at it."""
        return dict(self._environment)


def find_running(state_root: Path) -> RunningAws | None:
    """Return the embedded AWS that is up below a folder, or `None`.

    Args:
        state_root: A state folder, or the folder above the one called `up`.
    """
    for folder in (state_root, state_root / "up"):
        try:
            noted = json.loads((folder / _RUNNING_FILE).read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            continue
        if _answers(noted["endpoint_url"], noted["pid"]):
            return RunningAws(
                noted["endpoint_url"], noted["stack_name"], noted["pid"], noted["environment"]
            )
    return None


def _answers(endpoint_url: str, pid: int) -> bool:
    """Say whether this very process answers there; its port may be another's by now."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{endpoint_url}/_local/health", timeout=_HEALTH_SECONDS) as answer:
            return bool(json.load(answer).get("pid") == pid)
    except (OSError, ValueError):
        return False


class EmbeddedAws:
    """One embedded AWS: a server on loopback, and the child processes that belong to it.

    One lives in a process at a time (moto's state is the process's); any number side by side in
    processes of their own. Use it as a context manager, or call `stop`.

    Attributes:
        endpoint_url: Where it answers, `http://localhost:PORT`.
        region: Its region.
        account_id: Its account.
        outputs: The stack's outputs.
        calls: The call log.
        faults: What is to go wrong.
        agentcore: The local AgentCore.
        functions: The stack's functions.
        events: Deliveries of EventBridge, and its clock.
    """

    @classmethod
    def start(
        cls,
        *,
        state_dir: Path,
        port: int = 0,
        template: Path = REPOSITORY / "template.yaml",
        parameters: dict[str, str] | None = None,
        delays: Delays | None = None,
        quotas: Quotas | None = None,
        stack_name: str = STACK_NAME,
        functions: Callables | None = None,
        warm: Sequence[str] = (),
    ) -> EmbeddedAws:
        """Start one and deploy a template.

        Args:
            state_dir: Everything that it writes is below this folder. What an earlier one left
                there is removed, but for `cache`.
            port: Port on 127.0.0.1; 0 picks a free one.
            template: The SAM template.
            parameters: Values for the template's parameters.
            delays: How long AgentCore's states last.
            quotas: AgentCore's limits.
            stack_name: Name of the stack.
            functions: Python callables by logical id that stand in for functions' processes: for
                fast tests of a definition. An exception's class name is the error's name.
            warm: Logical ids of functions that get a process ahead, in the background and in this
                order, so that they do not start cold.

        Raises:
            AlreadyRunningError: The state folder or this process has one already.
            StackError: The template cannot be deployed.
            OSError: The port is taken.
        """
        with ExitStack() as undo:
            aws = cls(
                undo=undo,
                state_dir=state_dir.resolve(),
                port=port,
                delays=delays or Delays(),
                quotas=quotas,
                functions=functions,
                stack_name=stack_name,
            )
            aws._deploy(template, parameters or {})
            aws._undo = undo.pop_all()
        aws.functions.warm(warm)
        return aws

    def __init__(
        self,
        *,
        undo: ExitStack,
        state_dir: Path,
        port: int,
        delays: Delays,
        quotas: Quotas | None,
        functions: Callables | None,
        stack_name: str,
    ) -> None:
        """Use `start`."""
        self._undo = undo
        self.state_dir = state_dir
        self.region = REGION
        self.account_id = ACCOUNT_ID
        self.outputs: dict[str, str] = {}
        self._stack_name = stack_name
        if not _one_at_a_time.acquire(blocking=False):
            raise AlreadyRunningError("this process has an embedded AWS already")
        undo.callback(_one_at_a_time.release)
        undo.enter_context(_owned(state_dir))
        undo.enter_context(_logged(state_dir / "logs" / "embedded.log"))
        moto_seams.install()
        moto_stacks.install()
        moto_seams.reset()
        self.credentials = CredentialStore()
        self._root = self.credentials.issue(Principal("root", None, "root"))
        key, secret = moto_seams.INTERPRETER_KEYS
        interpreter = Principal("stepfunctions", None, "service")
        self.credentials.add(Credentials(key, secret, None, interpreter))
        self.calls = CallLog(state_dir / "logs" / "calls.jsonl")
        undo.callback(self.calls.close)
        self.faults = FaultPlan()
        self._operations = Operations()
        self._services: dict[str, Any] = {}
        server = Server(self._gateway(delays), port)
        self.endpoint_url = f"http://localhost:{server.port}"
        self._root_client = self._clients_of_keys(self._root)
        undo.enter_context(_environment({"MOTO_PORT": str(server.port), **_NO_PROXY}))
        undo.callback(server.stop)
        server.start()
        self._add_services(delays, quotas, functions)

    def _gateway(self, delays: Delays) -> Gateway:
        moto = DomainDispatcherApplication(create_backend_app)
        self._services["cognito-idp"] = Cognito(moto, self.account_id, self.region)
        return Gateway(
            services=self._services,
            fallback=moto,
            credentials=self.credentials,
            calls=self.calls,
            faults=self.faults,
            local_api=LocalApi(self.calls, self.faults, _DelaySettings(delays), self._health),
            operations=self._operations,
            authorization=Authorization(
                Place(self.region, self.account_id),
                partial(moto_seams.policies_of, self.account_id),
                partial(moto_seams.tags_of, self.account_id, self.region),
            ),
        )

    def _add_services(
        self, delays: Delays, quotas: Quotas | None, functions: Callables | None
    ) -> None:
        undo = self._undo
        images = ImageStore(
            self.state_dir / "images", partial(_is_in_ecr, self._clients_of("bedrock-agentcore"))
        )
        self.agentcore = AgentCore(
            state_dir=self.state_dir,
            region=self.region,
            account_id=self.account_id,
            endpoint_url=self.endpoint_url,
            credentials=self.credentials,
            images=images,
            faults=self.faults,
            delays=delays,
            quotas=quotas,
        )
        undo.callback(self.agentcore.close)
        codebuild = CodeBuild(
            state_dir=self.state_dir,
            region=self.region,
            account_id=self.account_id,
            endpoint_url=self.endpoint_url,
            credentials=self.credentials,
            images=images,
        )
        undo.callback(codebuild.close)
        children = Children(self.state_dir / "functions" / "processes")
        undo.callback(children.close)
        lambda_client = self._clients_of("lambda")
        logs = FunctionLogs(self.state_dir / "logs" / "functions", lambda: lambda_client("logs"))
        undo.callback(logs.close)
        self.functions = Functions(
            state_dir=self.state_dir,
            region=self.region,
            endpoint_url=self.endpoint_url,
            credentials=self.credentials,
            faults=self.faults,
            children=children,
            logs=logs,
            callables=functions,
            client=lambda_client,
        )
        undo.callback(self.functions.close)
        self.function_logs = logs
        self.events = Events(
            client=self._clients_of("events"), account_id=self.account_id, region=self.region
        )
        undo.callback(self.events.close)
        undo.callback(moto_seams.stop_executions, self.account_id, self.region)
        moto_seams.tag_sources(
            self.agentcore.tagged_resources,
            lambda: moto_seams.user_pool_tags(self.account_id, self.region),
        )
        undo.callback(moto_seams.tag_sources)
        self._services.update(
            {
                "bedrock-agentcore-control": self.agentcore.control,
                "bedrock-agentcore": self.agentcore.data,
                "bedrock-runtime": Bedrock().app,
                "codebuild": codebuild.app,
                "lambda:Invoke": self.functions,
            }
        )

    def _deploy(self, template: Path, parameters: Mapping[str, str]) -> None:
        self.stack: Stack = deploy(
            template=template,
            parameters=parameters,
            stack_name=self._stack_name,
            region=self.region,
            account_id=self.account_id,
            state_dir=self.state_dir,
            client=self.client,
            register=self.functions.register,
        )
        self.outputs = self.stack.outputs
        noted = self.state_dir / _RUNNING_FILE
        noted.touch(mode=0o600)
        noted.write_text(
            json.dumps(
                {
                    "endpoint_url": self.endpoint_url,
                    "stack_name": self._stack_name,
                    "pid": os.getpid(),
                    "environment": self.environment(),
                }
            ),
            encoding="utf-8",
        )
        self._undo.callback(noted.unlink, missing_ok=True)

    def environment(self) -> dict[str, str]:
        """Return the variables that point any AWS client at it."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            **self._root.environment(),
        }

    def client(self, service: str) -> Any:
        """Return a boto3 client of a service, with the keys of `root`."""
        return self._root_client(service)

    def _clients_of(self, service: str) -> Callable[[str], Any]:
        """Return a maker of clients whose calls the log shows as a service's own."""
        return self._clients_of_keys(self.credentials.issue(Principal(service, None, "service")))

    def _clients_of_keys(self, keys: Credentials) -> Callable[[str], Any]:
        session, made, lock = self._session(keys), dict[str, Any](), threading.Lock()

        def client(name: str) -> Any:
            with lock:
                if name not in made:
                    made[name] = session.client(
                        name, endpoint_url=self.endpoint_url, config=_CLIENT_CONFIG
                    )
                return made[name]

        return client

    def _session(self, keys: Credentials) -> boto3.Session:
        return boto3.Session(
            botocore_session=new_session(),
            aws_access_key_id=keys.access_key_id,
            aws_secret_access_key=keys.secret_access_key,
            aws_session_token=keys.session_token,
            region_name=self.region,
        )

    def stop(self) -> None:
        """End every child process, close the port, let go of the state folder. Safe to repeat."""
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

    def _health(self) -> dict[str, Any]:
        return {
            "pid": os.getpid(),
            "endpointUrl": self.endpoint_url,
            "region": self.region,
            "accountId": self.account_id,
            "stackName": self._stack_name,
            "stateDir": str(self.state_dir),
            "deployed": bool(self.outputs),
        }


def _is_in_ecr(client: Callable[[str], Any], image: Reference) -> bool:
    """Say whether ECR (still) has an image: it may have been deleted after its build pushed it."""
    wanted = {"imageDigest": image.digest} if image.digest else {"imageTag": image.tag}
    ecr = client("ecr")
    try:
        ecr.describe_images(repositoryName=image.repository, imageIds=[wanted])
    except (ecr.exceptions.ImageNotFoundException, ecr.exceptions.RepositoryNotFoundException):
        return False
    return True


_CLIENT_CONFIG = Config(retries={"mode": "standard", "max_attempts": 5}, max_pool_connections=50)

_NO_PROXY = {"NO_PROXY": "localhost,127.0.0.1", "no_proxy": "localhost,127.0.0.1"}


class _DelaySettings:
    """AgentCore's delays for the `/_local/delays` endpoint."""

    def __init__(self, delays: Delays) -> None:
        self._delays = delays

    def read(self) -> dict[str, float]:
        return {name: float(value) for name, value in asdict(self._delays).items()}

    def change(self, seconds: dict[str, float]) -> None:
        known = {field.name for field in fields(self._delays)}
        for name, value in seconds.items():
            if name not in known:
                raise ValueError(f"unknown delay {name!r}; there are {', '.join(sorted(known))}")
            if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
                raise ValueError(f"the delay {name!r} is a number of seconds, 0 or more")
        for name, value in seconds.items():
            setattr(self._delays, name, float(value))


@contextmanager
def _owned(state_dir: Path) -> Iterator[None]:
    """Hold a state folder, cleared of what an earlier embedded AWS left there."""
    fresh = not state_dir.exists() or not any(state_dir.iterdir())
    if not fresh and not (state_dir / "lock").exists():
        raise AlreadyRunningError(f"{state_dir} is not empty, and no embedded AWS's state folder")
    state_dir.mkdir(parents=True, exist_ok=True)
    with (state_dir / "lock").open("a", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AlreadyRunningError(f"an embedded AWS is up in {state_dir} already") from error
        for pids in state_dir.glob("*/processes"):
            kill_left_over(pids)
        for entry in state_dir.iterdir():
            if entry.name in _KEPT:
                continue
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()
        yield


@contextmanager
def _logged(file: Path) -> Iterator[None]:
    """Write what moto and the embedded AWS log into a file instead of on the screen."""
    file.parent.mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(file, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    loggers = [logging.getLogger(name) for name in ("moto", "local")]
    for logger in loggers:
        logger.addHandler(handler)
        logger.propagate = False
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeHandler(handler)
            logger.propagate = True
        handler.close()


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Set variables of this process, which moto reads, and put the old ones back."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
