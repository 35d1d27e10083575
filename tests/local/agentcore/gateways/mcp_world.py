"""A whole local AWS with MCP gateways: what their tests share."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import httpx

from local.embedded import EmbeddedAws

BUSY = ("CREATING", "UPDATING", "SYNCHRONIZING")
SERVER = """
import json, os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOOLS = json.loads(os.environ["TOOLS"])

class Server(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_DELETE(self):
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        method, params = asked["method"], asked.get("params", {})
        answer = {"jsonrpc": "2.0", "id": asked.get("id")}
        if method == "initialize":
            answer["result"] = {
                "protocolVersion": os.environ.get("VERSION", params["protocolVersion"]),
                "capabilities": json.loads(os.environ.get("CAPABILITIES", '{"tools": {}}')),
                "serverInfo": {"name": "sums", "version": "1"},
            }
        elif method == "tools/list":
            at = int(params.get("cursor", 0))
            answer["result"] = {"tools": [
                {"name": name, "description": "To " + name, "inputSchema": {"type": "object"}}
                for name in TOOLS[at:at + 1]
            ]}
            if at + 1 < len(TOOLS):
                answer["result"]["nextCursor"] = str(at + 1)
        elif method == "tools/call" and params["name"] in TOOLS:
            said = json.dumps({
                "arguments": params["arguments"],
                "version": self.headers["MCP-Protocol-Version"],
                "mcp": self.headers["Mcp-Session-Id"],
            })
            answer["result"] = {"content": [{"type": "text", "text": said}], "isError": False}
        elif "id" in asked:
            answer["error"] = {"code": -32602, "message": "no such tool here"}
        body = json.dumps(answer).encode()
        if os.environ.get("EVENTS"):
            body = b"event: message\\r\\ndata: " + body + b"\\r\\n\\r\\n"
        self.send_response(200 if "id" in asked else 202)
        kind = "text/event-stream" if os.environ.get("EVENTS") else "application/json"
        self.send_header("Content-Type", kind)
        self.send_header("Mcp-Session-Id", "session-of-the-server")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

ThreadingHTTPServer(("0.0.0.0", 8000), Server).serve_forever()
"""


def role(aws: EmbeddedAws, name: str, *allowed: dict[str, Any], service: str | None = None) -> str:
    """Make a role that a gateway of this account may assume, and return its ARN."""
    iam = aws.client("iam")
    principal = service or "bedrock-agentcore.amazonaws.com"
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": principal},
        "Action": "sts:AssumeRole",
    }
    made = iam.create_role(
        RoleName=name,
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )
    if allowed:
        allow(aws, name, allowed)
    return str(made["Role"]["Arn"])


def allow(aws: EmbeddedAws, name: str, allowed: Iterable[dict[str, Any]]) -> None:
    """Let a role do something."""
    statements = [{"Effect": "Allow", **each} for each in allowed]
    aws.client("iam").put_role_policy(
        RoleName=name,
        PolicyName="p",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": statements}),
    )


def runtime(aws: EmbeddedAws, name: str, **environment: str) -> str:
    """Make a runtime that is an MCP server, and return its ARN."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("main.py", SERVER)
    s3, control = aws.client("s3"), aws.client("bedrock-agentcore-control")
    bucket = f"code-{name}"
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="code.zip", Body=packed.getvalue())
    made = control.create_agent_runtime(
        agentRuntimeName=name,
        roleArn=role(aws, f"runs-{name}"),
        networkConfiguration={"networkMode": "PUBLIC"},
        protocolConfiguration={"serverProtocol": "MCP"},
        environmentVariables=environment,
        agentRuntimeArtifact={
            "codeConfiguration": {
                "code": {"s3": {"bucket": bucket, "prefix": "code.zip"}},
                "runtime": "PYTHON_3_13",
                "entryPoint": ["main.py"],
            }
        },
    )
    return str(made["agentRuntimeArn"])


def endpoint(aws: EmbeddedAws, arn: str) -> str:
    """Return the address of a runtime in AWS."""
    host = f"https://bedrock-agentcore.{aws.region}.amazonaws.com"
    return f"{host}/runtimes/{quote(arn, safe='')}/invocations?qualifier=DEFAULT"


def mcp_gateway(aws: EmbeddedAws, name: str, role_arn: str, **more: Any) -> tuple[str, str]:
    """Make a gateway, and return its id and its address."""
    made = aws.client("bedrock-agentcore-control").create_gateway(
        name=name, roleArn=role_arn, authorizerType="AWS_IAM", protocolType="MCP", **more
    )
    return str(made["gatewayId"]), str(made["gatewayUrl"])


def target(aws: EmbeddedAws, gateway_id: str, name: str, configuration: Any, **more: Any) -> Any:
    """Make a target, and return it once it has become what it becomes."""
    control = aws.client("bedrock-agentcore-control")
    made = control.create_gateway_target(
        gatewayIdentifier=gateway_id,
        name=name,
        targetConfiguration={"mcp": configuration},
        **more,
    )
    return settled(aws, gateway_id, made["targetId"])


def settled(aws: EmbeddedAws, gateway_id: str, target_id: str) -> Any:
    """Return a target once nothing changes it any more."""
    control = aws.client("bedrock-agentcore-control")
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        found = control.get_gateway_target(gatewayIdentifier=gateway_id, targetId=target_id)
        if found["status"] not in BUSY:
            return found
        time.sleep(0.05)
    raise AssertionError(f"the target is still {found['status']}")


def of_role(service: str = "bedrock-agentcore") -> dict[str, Any]:
    """Return the credentials of a target that is called with the gateway's role."""
    provider = {"iamCredentialProvider": {"service": service}}
    of = {"credentialProviderType": "GATEWAY_IAM_ROLE", "credentialProvider": provider}
    return {"credentialProviderConfigurations": [of]}


def post(aws: EmbeddedAws, url: str, body: bytes, **headers: str) -> httpx.Response:
    """Send a signed request with the keys of `root`."""
    environment = aws.environment()
    keys = botocore.credentials.Credentials(
        environment["AWS_ACCESS_KEY_ID"],
        environment["AWS_SECRET_ACCESS_KEY"],
        environment.get("AWS_SESSION_TOKEN"),
    )
    request = botocore.awsrequest.AWSRequest(
        "POST", url, {"Content-Type": "application/json", **headers}, body
    )
    botocore.auth.SigV4Auth(keys, "bedrock-agentcore", aws.region).add_auth(request)
    return httpx.post(
        url, content=body, headers=dict(request.headers.items()), timeout=60, trust_env=False
    )


def rpc(aws: EmbeddedAws, url: str, method: str, **params: Any) -> Any:
    """Ask a gateway, and return the result or the error."""
    message = {"jsonrpc": "2.0", "id": 7, "method": method, "params": params}
    answer = post(aws, url, json.dumps(message).encode())
    assert answer.status_code == 200, answer.text
    document = answer.json()
    assert document["id"] == 7
    return document.get("result", document.get("error"))


def names(aws: EmbeddedAws, url: str) -> list[str]:
    """Return the names of a gateway's tools."""
    return [tool["name"] for tool in rpc(aws, url, "tools/list")["tools"]]
