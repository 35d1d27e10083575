"""boto3 clients whose AgentCore control plane is the local one, in this process; the rest is moto."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import boto3
import botocore.awsrequest
from werkzeug.test import EnvironBuilder, run_wsgi_app

from lifecycle.clients import Clients
from local.agentcore.control.credentials.api_keys import ApiKeyOperations
from local.agentcore.control.credentials.oauth2 import Oauth2Operations
from local.agentcore.control.credentials.operations import ProviderOperations
from local.agentcore.control.credentials.secrets import Secrets
from local.agentcore.control.credentials.vault import API_KEY, OAUTH2, Vault
from local.agentcore.control.endpoints import EndpointOperations
from local.agentcore.control.gateways.gateways import GatewayOperations
from local.agentcore.control.gateways.roles import GatewayRoles
from local.agentcore.control.gateways.rules import RuleOperations
from local.agentcore.control.gateways.store import GatewayStore
from local.agentcore.control.gateways.targets.operations import TargetOperations
from local.agentcore.control.gateways.targets.schemas import Schemas
from local.agentcore.control.gateways.targets.start import TargetChanges
from local.agentcore.control.gateways.targets.synchronizing import Synchronizer
from local.agentcore.control.policies.operations import PolicyOperations
from local.agentcore.control.runtimes import RuntimeOperations
from local.agentcore.control.store import SERVICE, Store
from local.agentcore.control.tags import TagOperations
from local.agentcore.evaluations.evaluators import get_evaluator
from local.agentcore.model.app import ModelApp
from local.agentcore.model.errors import invalid
from tests.functions.lifecycle.fake_codebuild import FakeCodeBuild
from tests.functions.lifecycle.killer import Killer
from tests.functions.lifecycle.raw_body import RawBody

REGION = "us-west-2"


class LocalClients(Clients):
    """boto3 clients of moto and of the local AgentCore; made once, since making them is what takes time.

    `enter` puts them into another account.
    """

    killer: Killer
    control: ModelApp
    codebuild: FakeCodeBuild

    def __init__(self) -> None:
        session = boto3.session.Session(
            aws_access_key_id="testing", aws_secret_access_key="testing", region_name=REGION
        )
        super().__init__(session)
        self._agentcores: dict[str, Any] = {}

    def enter(self, control: ModelApp) -> None:
        self.killer, self.control = Killer(), control
        self._refusals: list[tuple[str, str, int]] = []
        self.codebuild = FakeCodeBuild(self.killer)

    def _client(self, service: str, *args: Any) -> Any:
        client = super()._client(service, *args)
        if service == SERVICE:
            client.meta.events.register("before-call", self._refuse)
            client.meta.events.register("before-send", self._send)
        client.meta.events.register("after-call", self._count)
        return client

    def of_agentcore(self, service: str) -> Any:
        """The client that AgentCore itself has of a service; its calls do not count."""
        assert self._session is not None
        if service not in self._agentcores:
            self._agentcores[service] = self._session.client(service)
        return self._agentcores[service]

    def refuse_next(self, operation: str, code: str, status: int) -> None:
        """Answer the next call of an operation of AgentCore's control plane with an error."""
        self._refusals.append((operation, code, status))

    def _refuse(self, model: Any, **_: object) -> tuple[Any, dict[str, Any]] | None:
        for refusal in self._refusals:
            operation, code, status = refusal
            if operation == model.name:
                self._refusals.remove(refusal)
                raw = RawBody(b"")
                http = botocore.awsrequest.AWSResponse("", status, {}, raw)
                return http, {
                    "Error": {"Code": code, "Message": "refused on purpose"},
                    "ResponseMetadata": {"HTTPStatusCode": status},
                }
        return None

    def _count(self, model: Any, **_: object) -> None:
        self.killer.count(model.name)

    def _send(self, request: Any, **_: object) -> botocore.awsrequest.AWSResponse:
        parts = urlsplit(request.url)
        body = request.body or b""
        body = body.encode() if isinstance(body, str) else body
        environ = EnvironBuilder(
            method=request.method,
            path=parts.path,
            query_string=parts.query,
            input_stream=io.BytesIO(body),
            content_length=len(body),
            content_type="application/json",
        ).get_environ()
        environ["RAW_URI"] = environ["REQUEST_URI"] = f"{parts.path}?{parts.query}".rstrip("?")
        chunks, status, answered = run_wsgi_app(self.control, environ, buffered=True)
        headers = botocore.awsrequest.HeadersDict()
        for name, value in answered.items():
            headers[name] = value
        raw = RawBody(b"".join(chunks))
        return botocore.awsrequest.AWSResponse(request.url, int(status[:3]), headers, raw)


def _target_changes(gateways: GatewayStore) -> TargetChanges:
    """How targets change: every MCP server has one tool, and no document is in S3."""
    account = gateways.account
    tool = {"name": "add", "inputSchema": {"type": "object"}}

    def no_client(name: str) -> Any:
        raise AssertionError(f"nobody asks {name} here")

    roles = GatewayRoles(no_client, account.account_id, account.readings)
    schemas = Schemas(no_client, roles, lambda _, __: None, account.quotas, account.readings)
    servers = Synchronizer(gateways, lambda _, __: [tool], run=lambda ask: ask())
    return TargetChanges(gateways, schemas, servers)


def _no_clients(service: str) -> Any:
    raise AssertionError(f"AgentCore has no client of {service} here")


def control_plane(
    store: Store, role: dict[str, bool], clients: Callable[[str], Any] = _no_clients
) -> ModelApp:
    """The local AgentCore's control plane on `store`; it refuses the role while `ready` is false."""

    def check_account(configuration: dict[str, Any]) -> None:
        if not role["ready"]:
            raise invalid(f"Role validation failed for '{configuration['roleArn']}'.")

    runtimes = RuntimeOperations(
        store, check_account, on_version=lambda _: None, on_deleted=lambda _: None
    )
    endpoints = EndpointOperations(store, lambda _, __: None)
    gateways = GatewayStore(store, "https://gateways.example.com")
    roles = GatewayRoles(clients, store.account_id, store.readings)
    policies = PolicyOperations(store, gateways.tagged, roles.seen)
    vault, secrets = Vault(store), Secrets(clients)
    keys = ProviderOperations(API_KEY, "api_key_value", store, vault, secrets)
    oauth2 = ProviderOperations(OAUTH2, "client_secret", store, vault, secrets)
    tags = TagOperations(store, gateways.tagged, vault.tagged)
    return ModelApp(
        SERVICE,
        {
            "CreateAgentRuntime": runtimes.create,
            "GetAgentRuntime": runtimes.get,
            "ListAgentRuntimes": runtimes.list_runtimes,
            "UpdateAgentRuntime": runtimes.update,
            "DeleteAgentRuntime": runtimes.delete,
            "CreateAgentRuntimeEndpoint": endpoints.create,
            "GetAgentRuntimeEndpoint": endpoints.get,
            "ListAgentRuntimeEndpoints": endpoints.list_endpoints,
            "UpdateAgentRuntimeEndpoint": endpoints.update,
            "DeleteAgentRuntimeEndpoint": endpoints.delete,
            "TagResource": tags.tag,
            "UntagResource": tags.untag,
            "ListTagsForResource": tags.list_tags,
            "GetEvaluator": get_evaluator,
            **policies.handlers,
            **GatewayOperations(gateways, lambda _: None).handlers,
            **TargetOperations(gateways, _target_changes(gateways)).handlers,
            **RuleOperations(gateways).handlers,
            **ApiKeyOperations(keys).handlers,
            **Oauth2Operations(oauth2, REGION).handlers,
        },
    )
