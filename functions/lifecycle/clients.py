"""The one place where boto3 clients are made.

Domain functions take `clients: Clients = CLIENTS`; a test passes its own. A client is made when it is first used,
so a function only pays for the services that it calls.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

import botocore.session
from botocore.config import Config

if TYPE_CHECKING:
    import socket
    import ssl

    import httpx
    from websockets.sync.client import ClientConnection

# At DEBUG (a function's ApplicationLogLevel sets the root logger), these log bodies, with passwords and tokens.
for _library in ("boto3", "botocore", "urllib3", "s3transfer", "httpx", "httpcore", "websockets"):
    logging.getLogger(_library).setLevel(logging.INFO)

# The state machine does the real retries, with jitter. The few retries here only cover a lost packet.
_CONFIG = Config(
    connect_timeout=5,
    read_timeout=20,
    retries={"mode": "standard", "total_max_attempts": 3},
    user_agent_appid="agentcore-lifecycle",
)
# For creates without a client token. If only the answer was lost, a retry by boto3 would create a second resource or
# fail with a conflict. The state machine retries the stage instead, which looks for the resource first.
_ONE_TRY = Config(retries={"total_max_attempts": 1})

# How long the other end of a WebSocket may take to say goodbye.
_CLOSE_SECONDS = 0.5

Watcher = Callable[[str, Mapping[str, Any]], None]
"""Is told of an AWS call before it is sent: the operation's name and its parameters."""
_WATCHER: ContextVar[Watcher | None] = ContextVar("watcher", default=None)


@contextmanager
def watched(watcher: Watcher) -> Iterator[None]:
    """Tell a watcher of every AWS call of this thread before it is sent; if it raises, the call is not sent."""
    token = _WATCHER.set(watcher)
    try:
        yield
    finally:
        _WATCHER.reset(token)


def _tell(params: Mapping[str, Any], model: Any, **_: Any) -> None:
    watcher = _WATCHER.get()
    if watcher is not None:
        watcher(model.name, params)


@cache
def trusted() -> ssl.SSLContext:
    """The certificate authorities to trust, read once: reading them takes longer than a call does."""
    # Only who makes a connection pays for these imports.
    import ssl

    import certifi

    context = ssl.create_default_context(cafile=certifi.where())
    context.set_alpn_protocols(["http/1.1"])
    # httpcore sets them again at each connection, while another thread may be making one of its own.
    context.set_alpn_protocols = lambda _: None  # type: ignore[assignment, method-assign]
    return context


class Connections:
    """What no client of botocore sends: calls with a bearer token, and WebSockets."""

    def http(self, seconds: float, transport: httpx.BaseTransport | None = None) -> httpx.Client:
        """Plain HTTPS, for calls with a bearer token, which boto3 cannot send; close it after use.

        Proxy and certificate settings of the environment are ignored, and redirects are not followed: a token goes
        only to the host in the URL.

        Args:
            seconds: The time limit of each step of a call.
            transport: What connects; httpx's own if left out.
        """
        # Only the smoke test pays for this import.
        import httpx

        return httpx.Client(
            timeout=httpx.Timeout(seconds, connect=min(seconds, 5.0)),
            verify=trusted(),
            transport=transport,
            trust_env=False,
            follow_redirects=False,
        )

    def websocket(
        self,
        url: str,
        headers: Mapping[str, str],
        seconds: float,
        most_bytes: int,
        sock: socket.socket | None = None,
    ) -> AbstractContextManager[ClientConnection]:
        """A WebSocket, which is opened on entry and closed on exit.

        As for `http`, settings of the environment are ignored, and redirects are not followed.

        Args:
            url: Where to, `wss://…`.
            headers: What the handshake carries besides its own headers.
            seconds: How long the opening may take.
            most_bytes: The longest message; a longer one closes the WebSocket with 1009.
            sock: What is connected already; a new connection if left out.
        """
        # Only a smoke test of a WebSocket pays for this import.
        from websockets.sync.client import reconnect

        class Once(reconnect):
            """Opens one connection, and follows no redirect."""

            def process_redirect(self, exc: Exception) -> Exception | str:
                return exc

        secure = url.startswith("wss:")
        return Once(
            url,
            sock=sock,
            ssl=trusted() if secure else None,
            additional_headers=dict(headers),
            user_agent_header="agentcore-lifecycle",
            # A small compressed message could become a huge one.
            compression=None,
            proxy=None,
            open_timeout=seconds,
            ping_interval=None,
            close_timeout=_CLOSE_SECONDS,
            max_size=most_bytes,
        )


class Clients(Connections):
    """boto3 clients of one session; endpoints and credentials come from the environment.

    Args:
        session: The boto3 session to make them from; a new session of botocore when left out.
    """

    def __init__(self, session: Any = None) -> None:
        self._session = session

    def _client(self, service: str, config: Config = _CONFIG) -> Any:
        if self._session is not None:
            client = self._session.client(service, config=config)
        else:
            # What boto3 adds to botocore (resources, transfers) is a sixth of a cold start, and nothing here uses it.
            client = self._bare_session.create_client(service, config=config)
        client.meta.events.register("before-parameter-build", _tell)
        return client

    @cached_property
    def _bare_session(self) -> Any:
        return botocore.session.get_session()

    @property
    def credentials(self) -> Any:
        """The function's own AWS credentials as botocore has them, to sign what none of its clients sends."""
        session = self._session if self._session is not None else self._bare_session
        return session.get_credentials()

    @cached_property
    def dynamodb(self) -> Any:
        """Amazon DynamoDB: the environments' records."""
        return self._client("dynamodb")

    @cached_property
    def stepfunctions(self) -> Any:
        """AWS Step Functions: whether the execution that holds a lock still runs."""
        return self._client("stepfunctions")

    @cached_property
    def cognito(self) -> Any:
        """Amazon Cognito user pools; each call is tried once."""
        return self._client("cognito-idp", _CONFIG.merge(_ONE_TRY))

    @cached_property
    def secrets(self) -> Any:
        """AWS Secrets Manager; each call is tried once."""
        return self._client("secretsmanager", _CONFIG.merge(_ONE_TRY))

    @cached_property
    def s3(self) -> Any:
        """Amazon S3: sources and zips."""
        return self._client("s3")

    @cached_property
    def ecr(self) -> Any:
        """Amazon ECR: images."""
        return self._client("ecr")

    @cached_property
    def codebuild(self) -> Any:
        """AWS CodeBuild."""
        return self._client("codebuild")

    @cached_property
    def agentcore_control(self) -> Any:
        """Amazon Bedrock AgentCore, control plane."""
        return self._client("bedrock-agentcore-control")

    @cached_property
    def agentcore(self) -> Any:
        """Amazon Bedrock AgentCore, data plane; without retries, because a probe does its own."""
        return self._client(
            "bedrock-agentcore",
            _CONFIG.merge(Config(read_timeout=900, retries={"total_max_attempts": 1})),
        )

    def agentcore_within(self, seconds: float) -> Any:
        """Amazon Bedrock AgentCore, data plane, without retries; `seconds` is the read time-out."""
        return self._client(
            "bedrock-agentcore",
            _CONFIG.merge(Config(read_timeout=seconds, retries={"total_max_attempts": 1})),
        )

    @cached_property
    def logs(self) -> Any:
        """Amazon CloudWatch Logs: the runtimes' log groups."""
        return self._client("logs")

    @cached_property
    def quick_logs(self) -> Any:
        """Amazon CloudWatch Logs, for reads that only add to a message: tried once, and not for long."""
        return self._client(
            "logs",
            _CONFIG.merge(
                Config(connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 1})
            ),
        )

    @cached_property
    def iam(self) -> Any:
        """AWS IAM: the roles that belong to environments; each call is tried once."""
        return self._client("iam", _CONFIG.merge(_ONE_TRY))

    @cached_property
    def cloudwatch(self) -> Any:
        """Amazon CloudWatch: what the gateway's callers got."""
        return self._client("cloudwatch")

    @cached_property
    def xray(self) -> Any:
        """AWS X-Ray: where the spans of the account go."""
        return self._client("xray")

    @cached_property
    def events(self) -> Any:
        """Amazon EventBridge."""
        return self._client("events")

    @cached_property
    def tagging(self) -> Any:
        """Resource Groups Tagging API: orphans."""
        return self._client("resourcegroupstaggingapi")


CLIENTS = Clients()
