"""`websockets`, unmodified, and what the AgentCore SDK's client signs, with the WebSocket of a runtime."""

from __future__ import annotations

import base64
import json
import socket
import subprocess
import sys
import uuid
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
import websockets
from websockets.exceptions import InvalidStatus
from websockets.sync.client import reconnect
from websockets.typing import Subprotocol

from tests.local.clients.conftest import AwsCli, Caller, Up

AGENT = Path(__file__).with_name("websocket_agent.py")
BEARER = "base64UrlBearerAuthorization"
QUESTION = {"inputText": "straße"}
# The SDK's client in a process of its own. It accepts no endpoint but AWS's, so its function for the host, and nothing
# else of it, is replaced.
SIGN = """
import json, sys, warnings
warnings.simplefilter("ignore")
from bedrock_agentcore.runtime import AgentCoreRuntimeClient, agent_core_runtime_client
way, arn, session, token, host = sys.argv[1:]
agent_core_runtime_client.get_data_plane_endpoint = lambda region: f"https://{host}"
client = AgentCoreRuntimeClient()
if way == "signed":
    found = client.generate_ws_connection(arn, session, "DEFAULT")
elif way == "presigned":
    found = client.generate_presigned_url(arn, session, "DEFAULT"), {}
else:
    found = client.generate_ws_connection_oauth(arn, token, session, "DEFAULT")
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def configuration(
    aws: AwsCli, outputs: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """The agent and the package that it needs, as a zip in S3."""
    zipped = tmp_path_factory.mktemp("agent") / "websocket.zip"
    package = Path(websockets.__file__).parent
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.write(AGENT, "main.py")
        for file in package.rglob("*.py"):
            archive.write(file, str(Path("websockets", file.relative_to(package))))
    bucket, key = outputs["ArtifactBucketName"], f"sources/{zipped.name}"
    put = ("put-object", "--bucket", bucket, "--key", key, "--body", str(zipped))
    version = aws("s3api", *put)["VersionId"]
    return {
        "code": {"s3": {"bucket": bucket, "prefix": key, "versionId": version}},
        "runtime": "PYTHON_3_13",
        "entryPoint": ["main.py"],
    }


@pytest.fixture(scope="module")
def deploy(
    aws: AwsCli, outputs: dict[str, str], configuration: dict[str, Any]
) -> Callable[..., str]:
    def deployed(**more: Any) -> str:
        made = aws(
            "bedrock-agentcore-control",
            "create-agent-runtime",
            agentRuntimeName=f"websocket_{uuid.uuid4().hex[:8]}",
            agentRuntimeArtifact={"codeConfiguration": configuration},
            roleArn=outputs["AgentExecutionRoleArn"],
            networkConfiguration={"networkMode": "PUBLIC"},
            **more,
        )
        get = ("get-agent-runtime", "--agent-runtime-id", made["agentRuntimeId"])
        aws.until("READY", "status", "bedrock-agentcore-control", *get)
        return str(made["agentRuntimeArn"])

    return deployed


@pytest.fixture(scope="module")
def behind(deploy: Callable[..., str], caller: Caller) -> str:
    """A runtime behind the caller's pool."""
    return deploy(authorizerConfiguration=caller.authorizer)


@pytest.fixture(scope="module")
def signed(deploy: Callable[..., str]) -> str:
    """A runtime that is called with SigV4."""
    return deploy()


@pytest.fixture
def connection(up: Up) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", up.port)) as connected:
        yield connected


def asked(
    connection: socket.socket,
    url: str,
    headers: Mapping[str, str] | None = None,
    subprotocols: Sequence[str] | None = None,
) -> Any:
    """The agent's answer to one message, or the status that refuses the handshake."""
    offered = None if subprotocols is None else [Subprotocol(one) for one in subprotocols]
    opening = reconnect(
        url, sock=connection, additional_headers=headers, subprotocols=offered, proxy=None
    )
    try:
        with opening as opened:
            assert opened.subprotocol == (BEARER if subprotocols else None)
            opened.send(json.dumps(QUESTION))
            return json.loads(opened.recv(timeout=30))
    except InvalidStatus as refused:
        return refused.response.status_code


def url_of(up: Up, arn: str, **query: str) -> str:
    more = "".join(f"&{name}={value}" for name, value in query.items())
    base = f"ws{up.url.removeprefix('http')}"
    return f"{base}/runtimes/{quote(arn, safe='')}/ws?qualifier=DEFAULT{more}"


def encoded(token: str) -> str:
    return base64.urlsafe_b64encode(token.encode()).decode().rstrip("=")


def test_a_client_with_a_header(up: Up, behind: str, token: str, connection: socket.socket) -> None:
    answer = asked(connection, url_of(up, behind), {"Authorization": f"Bearer {token}"})
    assert answer["echo"] == QUESTION


def test_a_client_with_subprotocols_as_a_browser(
    up: Up, behind: str, token: str, connection: socket.socket
) -> None:
    session = str(uuid.uuid4())
    url = url_of(up, behind, **{"X-Amzn-Bedrock-AgentCore-Runtime-Session-Id": session})
    answer = asked(connection, url, None, [f"{BEARER}.{encoded(token)}", BEARER])
    assert (answer["echo"], answer["session"]) == (QUESTION, session)


@pytest.mark.parametrize("subprotocols", [True, False])
@pytest.mark.parametrize("whose", ["nobody", "wrong"])
def test_who_may_not_call_gets_none(
    up: Up, behind: str, token: str, connection: socket.socket, whose: str, subprotocols: bool
) -> None:
    head, claims, signature = token.split(".")
    wrong = f"{head}.{claims}.{signature[::-1]}"
    if whose == "nobody":
        status = asked(connection, url_of(up, behind), None, [BEARER] if subprotocols else None)
        assert status == 401
    elif subprotocols:
        offered = [f"{BEARER}.{encoded(wrong)}", BEARER]
        assert asked(connection, url_of(up, behind), None, offered) in (401, 403)
    else:
        headers = {"Authorization": f"Bearer {wrong}"}
        assert asked(connection, url_of(up, behind), headers) in (401, 403)


@pytest.mark.parametrize("way", ["signed", "presigned", "oauth"])
def test_what_the_agentcore_sdk_makes(
    up: Up,
    environment: dict[str, str],
    behind: str,
    signed: str,
    token: str,
    connection: socket.socket,
    way: str,
) -> None:
    session = str(uuid.uuid4())
    # The SDK signs a presigned URL for the host without its port.
    host = "localhost" if way == "presigned" else f"localhost:{up.port}"
    ended = subprocess.run(
        [
            sys.executable,
            "-c",
            SIGN,
            way,
            behind if way == "oauth" else signed,
            session,
            token,
            host,
        ],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    url, headers = json.loads(ended.stdout.splitlines()[-1])
    assert urlsplit(url).netloc == host
    # There is no TLS on the local AWS.
    answer = asked(connection, f"ws{url.removeprefix('wss')}", headers)
    assert answer["echo"] == QUESTION
    assert answer["session"] == session
