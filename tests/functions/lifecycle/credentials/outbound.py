"""The credential providers and the role of environment `dev`, as AgentCore and IAM have them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import ReadTimeoutError

from lifecycle.credentials.deploy import CredentialsEvent, CredentialsResult, deploy_credentials
from lifecycle.credentials.teardown import delete_credentials
from lifecycle.request.model import parse_request
from tests.functions.lifecycle.runtime_world import AGENT_POLICY, ROLE_BOUNDARY, World

EMPTY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}],
    }
)


class Outbound:
    """An environment, and what its agent signs in with."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.control, self.iam = world.control, world.clients.iam
        for arn in (AGENT_POLICY, ROLE_BOUNDARY):
            self.iam.create_policy(PolicyName=arn.rpartition("/")[2], PolicyDocument=EMPTY)
        self.secrets = {
            name: str(world.clients.secrets.create_secret(Name=name, SecretString="{}")["ARN"])
            for name in ("key", "other-key", "client")
        }

    # --- the input ---

    def key(self, name: str = "weather", owned: str = "key", **more: Any) -> dict[str, Any]:
        return {"name": name, "type": "apiKey", "secretArn": self.secrets[owned], **more}

    def oauth2(self, name: str = "orders", **more: Any) -> dict[str, Any]:
        return {
            "name": name,
            "type": "oauth2",
            "secretArn": self.secrets["client"],
            "discoveryUrl": "https://idp.example.com/.well-known/openid-configuration",
            "clientId": "agent",
            "scopes": ["orders/read"],
            **more,
        }

    # --- the stages ---

    def deploy(
        self, *credentials: dict[str, Any], execution: str = "one", promoted: bool = False
    ) -> CredentialsResult:
        """Run the stage, as one execution that holds the lock."""
        self.world.begin(execution, {"credentials": list(credentials)})
        return self.again(promoted=promoted)

    def again(self, *, promoted: bool = False) -> CredentialsResult:
        event = CredentialsEvent(
            execution=self.world.execution, request=self.world.request, promoted=promoted
        )
        return deploy_credentials(event, clients=self.world.clients)

    def provision(self, execution: str, *credentials: dict[str, Any]) -> CredentialsResult:
        """A whole execution: the credentials, then a version that is promoted, then what follows."""
        request = {"credentials": list(credentials)}
        self.world.begin(execution, request)
        self.again()
        self.world.provision(execution, request)
        self.world.begin(execution, request)
        result = self.again(promoted=True)
        ready = {"proven_request": parse_request(request).to_json()}
        self.world.records.release("dev", self.world.execution, **ready)
        return result

    def delete(self, **request: Any) -> Any:
        self.world.begin("gone")
        asked = parse_request({"action": "teardown", **request})
        return self.world.run(delete_credentials, request=asked)

    # --- what AgentCore says ---

    @contextmanager
    def told(self, operation: str, change: Callable[[dict[str, Any]], object]) -> Iterator[None]:
        """Change the answers of an operation."""

        def tell(model: Any, parsed: dict[str, Any], **_: Any) -> None:
            if model.name == operation and "Error" not in parsed:
                change(parsed)

        self.control.meta.events.register("after-call", tell)
        try:
            yield
        finally:
            self.control.meta.events.unregister("after-call", tell)

    @contextmanager
    def lost(self, operation: str) -> Iterator[None]:
        """An operation takes effect, and its answer does not come."""

        def lose(_: dict[str, Any]) -> None:
            raise ReadTimeoutError(endpoint_url="https://control")

        with self.told(operation, lose):
            yield

    # --- what is there ---

    def providers(self) -> list[str]:
        """The names of all providers, of both kinds."""
        keys = self.control.list_api_key_credential_providers()["credentialProviders"]
        others = self.control.list_oauth2_credential_providers()["credentialProviders"]
        return sorted(item["name"] for item in [*keys, *others])

    def provider(self, name: str) -> str:
        """What AgentCore calls the provider of a name in the input."""
        section = self.world.record().credentials
        assert section is not None
        return section.providers[name].name

    def roles(self) -> list[str]:
        path = "/agentcore-lifecycle/"
        return [role["RoleName"] for role in self.iam.list_roles(PathPrefix=path)["Roles"]]

    def policy(self) -> list[Any]:
        (name,) = (each for each in self.roles() if each.endswith("-agent"))
        answer = self.iam.get_role_policy(RoleName=name, PolicyName="environment")
        statements: list[Any] = answer["PolicyDocument"]["Statement"]
        return statements
