"""What people do today, as scripts: the tutorial's steps with a loop of ten seconds, and the same with AWS's SDK.

`benchmarks.peers` runs them. Each finds the stack's build project, repository and roles, and makes the rest itself.
"""

from __future__ import annotations

import io
import secrets
import time
import uuid
import zipfile
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from local.embedded import EmbeddedAws

AGENT = Path(__file__).resolve().parents[1] / "agent"
PROMPT = {"prompt": "今の天気はどうですか？"}
_PROJECT = "BuildProject"
_SESSION = "X-Amzn-Bedrock-AgentCore-Runtime-Session-Id"
# What the starter toolkit sleeps between looks at a build (0.3.14, services/codebuild.py).
_BUILD_SECONDS = 1
# What the tutorial's notebook sleeps between looks at the runtime.
_RUNTIME_SECONDS = 10
_BUILDSPEC = """
version: 0.2
phases:
  build:
    commands:
      - aws ecr get-login-password | docker login --username AWS --password-stdin "${REPOSITORY_URI%%/*}"
      - docker build --tag "$REPOSITORY_URI:$TAG" .
      - docker push "$REPOSITORY_URI:$TAG"
"""


def upload(aws: EmbeddedAws, folder: str, text: str) -> str:
    """Upload the bundled agent's source with this text in its code.

    Args:
        aws: The local AWS.
        folder: Where in the stack's bucket; the build project's role reads only `build-sources`.
        text: What differs between two sources.

    Returns:
        The key.
    """
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for path in sorted(filter(Path.is_file, AGENT.iterdir())):
            # Only what the Dockerfile copies makes another image.
            more = f"# {text}\n" if path.name == "main.py" else ""
            archive.writestr(path.name, path.read_text(encoding="utf-8") + more)
    key = f"{folder}/{text}.zip"
    aws.client("s3").put_object(
        Bucket=aws.outputs["ArtifactBucketName"], Key=key, Body=data.getvalue()
    )
    return key


class Script(ABC):
    """One way, whose second and third build update what the first one made.

    Args:
        aws: The local AWS.

    Attributes:
        calls: How many calls of AWS's APIs it made, those of the agent apart.
    """

    def __init__(self, aws: EmbeddedAws) -> None:
        self.calls = 0
        self._aws = aws
        self._clients: dict[str, Any] = {}
        self._sign_in: dict[str, str] = {}
        self._runtime = ""

    def build(self, key: str) -> tuple[float, int]:
        """Build a source, and call the agent without a token and with one.

        Args:
            key: The source's key in the stack's bucket.

        Returns:
            Seconds from the call that began the runtime's change until it was seen to be READY, and the looks for that.

        Raises:
            RuntimeError: The build failed, the runtime failed, or a call did not end as it must.
        """
        if not self._sign_in:
            self._sign_in = self._set_up_cognito()
        image = self._built_image(key)
        looks, began = self.calls, time.monotonic()
        arn = self._deployed(
            {
                "agentRuntimeArtifact": {"containerConfiguration": {"containerUri": image}},
                "roleArn": self._aws.outputs["AgentExecutionRoleArn"],
                "networkConfiguration": {"networkMode": "PUBLIC"},
                "authorizerConfiguration": {
                    "customJWTAuthorizer": {
                        "discoveryUrl": self._sign_in["discoveryUrl"],
                        "allowedClients": [self._sign_in["client"]],
                    }
                },
            }
        )
        waited, looks = time.monotonic() - began, self.calls - looks - 1
        self._prove(arn)
        return waited, looks

    @abstractmethod
    def _deployed(self, settings: dict[str, Any]) -> str:
        """Create or update the runtime and wait until it is READY; returns its ARN."""

    def _client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = self._counted(self._aws.client(service))
        return self._clients[service]

    def _counted(self, client: Any) -> Any:
        def count(**_: Any) -> None:
            self.calls += 1

        client.meta.events.register("before-call", count)
        return client

    def _set_up_cognito(self) -> dict[str, str]:
        cognito = self._client("cognito-idp")
        pool = cognito.create_user_pool(PoolName="script")["UserPool"]["Id"]
        client = cognito.create_user_pool_client(
            UserPoolId=pool, ClientName="script", ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"]
        )["UserPoolClient"]["ClientId"]
        user = {"UserPoolId": pool, "Username": "reader"}
        password = f"Aa1!{secrets.token_hex(8)}"
        cognito.admin_create_user(**user, MessageAction="SUPPRESS")
        cognito.admin_set_user_password(**user, Password=password, Permanent=True)
        issuer = f"https://cognito-idp.{self._aws.region}.amazonaws.com/{pool}"
        return {
            "discoveryUrl": f"{issuer}/.well-known/openid-configuration",
            "client": client,
            "password": password,
        }

    def _token(self) -> str:
        signed_in = self._client("cognito-idp").initiate_auth(
            ClientId=self._sign_in["client"],
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": "reader", "PASSWORD": self._sign_in["password"]},
        )
        return str(signed_in["AuthenticationResult"]["AccessToken"])

    def _built_image(self, key: str) -> str:
        tag = uuid.uuid4().hex
        codebuild = self._client("codebuild")
        build = codebuild.start_build(
            projectName=self._aws.stack.resources[_PROJECT].ref,
            sourceTypeOverride="S3",
            sourceLocationOverride=f"{self._aws.outputs['ArtifactBucketName']}/{key}",
            buildspecOverride=_BUILDSPEC,
            environmentVariablesOverride=[{"name": "TAG", "value": tag}],
        )["build"]
        while build["buildStatus"] == "IN_PROGRESS":
            time.sleep(_BUILD_SECONDS)
            (build,) = codebuild.batch_get_builds(ids=[build["id"]])["builds"]
        if build["buildStatus"] != "SUCCEEDED":
            raise RuntimeError(f"the build ended as {build['buildStatus']}")
        return f"{self._aws.outputs['RepositoryUri']}:{tag}"

    def _prove(self, arn: str) -> None:
        refused = self._invoke(arn, None)
        if refused not in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
            raise RuntimeError(f"a call without a token: {refused}")
        answered = self._invoke(arn, self._token())
        if answered != httpx.codes.OK:
            raise RuntimeError(f"a call with a token: {answered}")

    def _invoke(self, arn: str, token: str | None) -> int:
        headers = {_SESSION: str(uuid.uuid4())}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        url = f"{self._aws.endpoint_url}/runtimes/{quote(arn, safe='')}/invocations"
        return httpx.post(url, json=PROMPT, headers=headers, timeout=60).status_code


class TenSeconds(Script):
    """A plain script: a call, and a loop that sleeps ten seconds between looks."""

    def _deployed(self, settings: dict[str, Any]) -> str:
        control = self._client("bedrock-agentcore-control")
        if self._runtime:
            control.update_agent_runtime(agentRuntimeId=self._runtime, **settings)
        else:
            made = control.create_agent_runtime(agentRuntimeName="script", **settings)
            self._runtime = made["agentRuntimeId"]
        while (found := control.get_agent_runtime(agentRuntimeId=self._runtime))["status"] in (
            "CREATING",
            "UPDATING",
        ):
            time.sleep(_RUNTIME_SECONDS)
        if found["status"] != "READY":
            raise RuntimeError(f"the runtime is {found['status']}")
        return str(found["agentRuntimeArn"])


class Sdk(Script):
    """AWS's SDK for AgentCore, with its own waits."""

    def _deployed(self, settings: dict[str, Any]) -> str:
        # The package warns when it is imported, which only this way is to do.
        from bedrock_agentcore.runtime.agent_core_runtime_client import AgentCoreRuntimeClient

        client = AgentCoreRuntimeClient(region=self._aws.region)
        client.cp_client = self._client("bedrock-agentcore-control")
        if self._runtime:
            found = client.update_agent_runtime_and_wait(agentRuntimeId=self._runtime, **settings)
        else:
            found = client.create_agent_runtime_and_wait(agentRuntimeName="sdk", **settings)
            self._runtime = found["agentRuntimeId"]
        return str(found["agentRuntimeArn"])


SCRIPTS: dict[str, type[Script]] = {"script": TenSeconds, "sdk": Sdk}
"""By the name that `benchmarks.peers` prints."""
