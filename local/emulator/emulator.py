"""The local AWS without a stack: endpoint, access keys, logs and services."""

from __future__ import annotations

import os
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from local.agentcore.control.policies.documents import ACTIONS
from local.agentcore.control.policies.operations import PolicyOperations
from local.agentcore.settings import Delays, Quotas
from local.edge.calls import CallLog
from local.edge.credentials import CredentialStore, Principal
from local.edge.faults import FaultPlan
from local.edge.gateway.app import Gateway
from local.edge.host_names import HostNames
from local.edge.iam.authorization import Authorization
from local.edge.iam.permission import Place
from local.edge.local_api import LocalApi
from local.edge.operations import Operations
from local.edge.server import Server
from local.emulator.clients import Clients
from local.emulator.delays import DelaySettings
from local.emulator.in_process import send_to
from local.emulator.late_tags import LateTags
from local.emulator.process import alone, environment_set, logged, owned
from local.emulator.services import Services
from local.emulator.updates import StackUpdates
from local.moto import iam, seams, tagging
from local.moto.stepfunctions import tasks
from local.readings import Readings
from local.services.cognito import Cognito
from local.services.functions.service import Callables
from local.stack import moto_stacks

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

REGION = "us-east-1"
ACCOUNT_ID = "123456789012"
"""moto's account: it assigns every unknown access key to this one."""

_NO_PROXY = {"NO_PROXY": "localhost,127.0.0.1", "no_proxy": "localhost,127.0.0.1"}


class Emulator:
    """A server on loopback, by default only there, and the services behind it.

    Args:
        undo: Receives the callbacks that stop it.
        state_dir: The state folder.
        port: Port; 0 picks a free one.
        bind: An IPv4 address to listen on beside 127.0.0.1.
        names: By which names it is asked for.
        stack_name: Name of the stack, for `/_local/health`.
        delays: How long AgentCore's states last.
        quotas: AgentCore's limits.
        readings: What to play where AWS's behaviour is not known.
        callables: Functions that run in this process, by logical id.

    Attributes:
        endpoint_url: Its endpoint, `http://localhost:PORT`.
        credentials: Issues access keys.
        calls: The call log.
        faults: The faults to inject.
        services: The services.
        readings: What it plays where AWS's behaviour is not known.

    Raises:
        AlreadyRunningError: The state folder or this process has a local AWS already.
        OSError: The port is in use, or `bind` is no address of this machine.
    """

    def __init__(
        self,
        *,
        undo: ExitStack,
        state_dir: Path,
        port: int,
        bind: str,
        names: HostNames,
        stack_name: str,
        delays: Delays,
        quotas: Quotas | None,
        readings: Readings,
        callables: Callables | None,
    ) -> None:
        self._state_dir = state_dir
        self._stack_name = stack_name
        self._updates: StackUpdates | None = None
        self._names = names
        self.readings = readings
        undo.enter_context(alone())
        undo.enter_context(owned(state_dir))
        undo.enter_context(logged(state_dir / "logs" / "embedded.log"))
        seams.install()
        moto_stacks.install()
        seams.reset()
        self.credentials = CredentialStore()
        self._root = self.credentials.issue(Principal("root", None, "root"))
        tasks.sign_with(self.credentials.issue(Principal("stepfunctions", None, "service")))
        self.calls = CallLog(state_dir / "logs" / "calls.jsonl")
        undo.callback(self.calls.close)
        self.faults = FaultPlan()
        apps: dict[str, WSGIApplication] = {}
        attached: list[PolicyOperations] = []
        authorization = _authorization(self.readings, attached)
        gateway = self._gateway(apps, delays, authorization)
        server = Server(gateway, port, bind=bind)
        self.endpoint_url = f"http://localhost:{server.port}"
        clients = Clients(self.endpoint_url, REGION, self.credentials)
        self._root_client = clients.of_keys(self._root)
        self._deploying_client = clients.of_keys(self._root, partial(send_to, gateway))
        undo.enter_context(environment_set({"MOTO_PORT": str(server.port), **_NO_PROXY}))
        undo.callback(server.stop)
        server.start()
        self.services = Services(
            undo=undo,
            state_dir=state_dir,
            region=REGION,
            account_id=ACCOUNT_ID,
            endpoint_url=self.endpoint_url,
            credentials=self.credentials,
            clients=clients,
            faults=self.faults,
            delays=delays,
            quotas=quotas,
            readings=readings,
            callables=callables,
            lacks=authorization.lacks,
        )
        attached.append(self.services.agentcore.policies)
        apps.update(self.services.apps)

    def _gateway(
        self, apps: dict[str, WSGIApplication], delays: Delays, authorization: Authorization
    ) -> Gateway:
        moto = DomainDispatcherApplication(create_backend_app)
        apps["cognito-idp"] = Cognito(moto, ACCOUNT_ID, REGION)
        return Gateway(
            services=apps,
            fallback=moto,
            credentials=self.credentials,
            calls=self.calls,
            faults=self.faults,
            local_api=LocalApi(
                self.calls,
                self.faults,
                DelaySettings(delays),
                self._health,
                lambda: self._updates,
            ),
            operations=Operations(self._names),
            names=self._names,
            authorization=authorization,
        )

    def deployed(self, updates: StackUpdates) -> None:
        """Note that the stack is deployed, for `/_local/health`, and what updates it, for `/_local/stack`."""
        self._updates = updates

    def environment(self) -> dict[str, str]:
        """Return the variables that direct any AWS client to it."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            **self._root.environment(),
        }

    def client(self, service: str) -> Any:
        """Return a boto3 client of a service, with the access key of `root`."""
        return self._root_client(service)

    def deploying_client(self, service: str) -> Any:
        """Return a client like `client`, for many calls one after the other: it needs no socket."""
        return self._deploying_client(service)

    def _health(self) -> dict[str, Any]:
        return {
            "pid": os.getpid(),
            "endpointUrl": self.endpoint_url,
            "hostNames": ["localhost", *self._names.more],
            "region": REGION,
            "accountId": ACCOUNT_ID,
            "stackName": self._stack_name,
            "stateDir": str(self._state_dir),
            "deployed": self._updates is not None,
            "readings": self.readings.as_dict(),
        }


def _authorization(readings: Readings, attached: list[PolicyOperations]) -> Authorization:
    """Make what knows the rights of callers.

    Args:
        readings: What to play where AWS's behaviour is not known.
        attached: The policies of AgentCore's resources, once it is started; no other resource has one here.
    """
    return Authorization(
        Place(REGION, ACCOUNT_ID),
        partial(iam.policies_of, ACCOUNT_ID),
        LateTags(partial(tagging.tags_of, ACCOUNT_ID, REGION), readings),
        partial(iam.boundary_of, ACCOUNT_ID),
        partial(iam.role_named, ACCOUNT_ID),
        lambda arn: next((each.in_force(arn) for each in attached), None),
        # A policy can allow only these, so that only these can want it.
        lambda action: readings["resource-policy-silence"] == "refused" and action in ACTIONS,
    )
