"""The local AgentCore: control plane and data plane as two WSGI applications on one account."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.agentcore.ahead import Ahead
from local.agentcore.control.account import Account, Clients, Images
from local.agentcore.control.app import ControlApp
from local.agentcore.control.endpoints import EndpointOperations
from local.agentcore.control.gateways.roles import GatewayRoles
from local.agentcore.control.gateways.store import GatewayStore
from local.agentcore.control.policies.operations import PolicyOperations
from local.agentcore.control.rights import Lacks, may_log
from local.agentcore.control.runtimes import RuntimeOperations
from local.agentcore.control.store import Store
from local.agentcore.control.tags import TagOperations
from local.agentcore.data.access import Access
from local.agentcore.data.app import DataPlane
from local.agentcore.data.code import CodeError, CodeStore
from local.agentcore.data.discovery import Discovery
from local.agentcore.data.gateways.access import GatewayAccess
from local.agentcore.data.launch import Launcher
from local.agentcore.data.logs import AgentLogs
from local.agentcore.data.sessions import Sessions
from local.agentcore.data.start import Starter
from local.agentcore.data.tokens import TokenChecker
from local.agentcore.data.vended.application_logs import ApplicationLogs, Groups
from local.agentcore.evaluations.evaluators import get_evaluator
from local.agentcore.gateways import Gateways
from local.agentcore.model.app import Handler
from local.agentcore.outbound import Outbound
from local.agentcore.settings import Clock, Delays, Quotas
from local.children import Children, kill_left_over
from local.edge.credentials import CredentialStore, Principal
from local.edge.faults import FaultPlan
from local.edge.iam.permission import Place
from local.readings import Readings

log = logging.getLogger(__name__)

_SWEEP_SECONDS = 1.0


class AgentCore:
    """AgentCore Runtime of one account in one region.

    Args:
        state_dir: Everything it writes is below this folder.
        region: AWS region.
        account_id: AWS account.
        endpoint_url: The local AWS: where it looks for roles, artifacts, keys and log groups, and its agents for AWS.
        credentials: Issues and knows access keys.
        images: The image store.
        faults: What is to go wrong.
        delays: How long states last; may be changed while it runs.
        quotas: Limits; may be changed while it runs.
        clock: Seconds since the epoch, for states, sessions and tokens.
        readings: What to play where the service's behaviour is not known.
        lacks: Says what a role may not do; without it every role may do everything.
        delivered_to: The log groups that the application logs of a runtime are delivered to.

    Attributes:
        control: WSGI application of `bedrock-agentcore-control`.
        data: WSGI application of `bedrock-agentcore`, but for the operations of `outbound`.
        ahead: Can start the agent of a new version before its first call.
        gateways: WSGI application of the addresses of gateways.
        outbound: AgentCore Identity.
        policies: The policies of runtimes, endpoints and gateways.
    """

    def __init__(
        self,
        *,
        state_dir: Path,
        region: str,
        account_id: str,
        endpoint_url: str,
        credentials: CredentialStore,
        images: Images,
        faults: FaultPlan,
        delays: Delays | None = None,
        quotas: Quotas | None = None,
        clock: Clock = time.time,
        readings: Readings | None = None,
        lacks: Lacks = lambda _role, _wanted: None,
        delivered_to: Groups = lambda _arn: [],
    ) -> None:
        readings = readings or Readings()
        self.delays, self.quotas = delays or Delays(), quotas or Quotas()
        folder = state_dir / "agentcore"
        pids = folder / "processes"
        for pid in kill_left_over(pids):
            log.warning("killed the agent %d that an earlier run left behind", pid)
        self._children = Children(pids)
        keys = credentials.issue(Principal("bedrock-agentcore", None, "service"))
        clients = Clients(endpoint_url, region, keys)
        self._store = Store(region, account_id, self.delays, self.quotas, faults, clock, readings)
        self._code = CodeStore(folder / "code", clients, self.quotas)
        self._preparing = ThreadPoolExecutor(1, thread_name_prefix="agent-code")
        self._logs = AgentLogs(clients, clock)
        starter = Starter(
            launcher=Launcher(
                images=images,
                code=self._code,
                credentials=credentials,
                endpoint_url=endpoint_url,
                readings=readings,
                region=region,
            ),
            children=self._children,
            logs=self._logs,
            folder=folder,
            quotas=self.quotas,
            readings=readings,
            may_log=partial(may_log, lacks, region, account_id),
        )
        self.ahead = Ahead(self._store, starter)
        self.sessions = Sessions(starter.start, clock, self.quotas)
        account = Account(
            clients, images, region, account_id, lambda: self.quotas.zip_bytes, lacks, readings
        )
        self._discovery = Discovery(endpoint_url, clock)
        tokens = TokenChecker(self._discovery, clock)
        gateways = GatewayStore(self._store, endpoint_url)
        roles = GatewayRoles(clients, account_id, readings)
        self.policies = PolicyOperations(self._store, gateways.tagged, roles.seen)
        self.outbound = Outbound(self._store, clients, self._discovery, lacks, gateways.identities)
        self._tags = TagOperations(self._store, gateways.tagged, self.outbound.tagged)
        prepare = partial(_prepare, self._preparing, self._code)
        runtimes = RuntimeOperations(self._store, account.check, prepare, self._end_runtime)
        endpoints = EndpointOperations(self._store, self._end_endpoint)
        self.data = DataPlane(
            store=self._store,
            access=Access(tokens, readings, lacks, Place(region, account_id)),
            discovery=self._discovery,
            sessions=self.sessions,
            quotas=self.quotas,
            clients=clients,
            readings=readings,
            application_logs=ApplicationLogs(self._logs, delivered_to, account_id, clock),
            workload_headers=self.outbound.headers,
        )
        self._gateways = Gateways(
            store=gateways,
            endpoint_url=endpoint_url,
            clients=clients,
            roles=roles,
            lacks=lacks,
            identity=self.outbound.for_gateways,
            issue=credentials.issue,
            sessions=self.sessions,
            runtimes=self.data,
            access=GatewayAccess(tokens, self._discovery, readings),
        )
        self.gateways = self._gateways.plane
        of_runtimes = _of_runtimes(runtimes, endpoints, self._tags, self.policies)
        handlers = {**of_runtimes, **self._gateways.handlers, **self.outbound.handlers}
        self.control = ControlApp(handlers, endpoint_url)
        self._closing = threading.Event()
        sweep = partial(_sweep, self._closing, self.sessions.sweep, self.ahead.sweep)
        self._sweeper = threading.Thread(target=sweep, name="agent-sweep", daemon=True)
        self._sweeper.start()

    def _end_runtime(self, runtime_id: str) -> None:
        # A line written later would bring back a log group that somebody has deleted since.
        self.ahead.end_runtime(runtime_id)
        self.sessions.end_runtime(runtime_id)
        self._logs.flush()

    def _end_endpoint(self, runtime_id: str, endpoint: str) -> None:
        self.sessions.end_endpoint(runtime_id, endpoint)
        self._logs.flush()

    def tagged_resources(self) -> list[tuple[str, dict[str, str]]]:
        """Return (ARN, tags) of every resource, tagged or not."""
        return self._tags.everything()

    def close(self) -> None:
        """End every agent and write what they said; files stay."""
        self._closing.set()
        self._preparing.shutdown(cancel_futures=True)
        self._sweeper.join()
        self.ahead.close()
        self._gateways.stop()
        self.sessions.end_everything()
        self._children.close()
        self._logs.close()
        self._discovery.close()
        self._gateways.close()


def _sweep(closing: threading.Event, *sweeps: Callable[[], object]) -> None:
    while not closing.wait(_SWEEP_SECONDS):
        try:
            for sweep in sweeps:
                sweep()
        except Exception:
            # The next look may go well; without a sweeper no session would ever end.
            log.exception("the sweep of idle sessions failed")


def _prepare(threads: ThreadPoolExecutor, store: CodeStore, configuration: dict[str, Any]) -> None:
    code = configuration["agentRuntimeArtifact"].get("codeConfiguration")
    if code is not None:
        threads.submit(_prepare_code, store, code)


def _prepare_code(store: CodeStore, code: dict[str, Any]) -> None:
    try:
        store.prepare(code)
    except (CodeError, ClientError, BotoCoreError, RuntimeError, OSError) as error:
        # Whoever invokes it gets the same error, and reads it in the agent's log.
        log.info("the code of a version cannot be prepared: %s", error)


def _of_runtimes(
    runtimes: RuntimeOperations,
    endpoints: EndpointOperations,
    tags: TagOperations,
    policies: PolicyOperations,
) -> dict[str, Handler]:
    return {
        "CreateAgentRuntime": runtimes.create,
        "GetAgentRuntime": runtimes.get,
        "ListAgentRuntimes": runtimes.list_runtimes,
        "ListAgentRuntimeVersions": runtimes.list_versions,
        "UpdateAgentRuntime": runtimes.update,
        "DeleteAgentRuntime": runtimes.delete,
        "CreateAgentRuntimeEndpoint": endpoints.create,
        "GetAgentRuntimeEndpoint": endpoints.get,
        "ListAgentRuntimeEndpoints": endpoints.list_endpoints,
        "UpdateAgentRuntimeEndpoint": endpoints.update,
        "DeleteAgentRuntimeEndpoint": endpoints.delete,
        **tags.handlers,
        **policies.handlers,
        "GetEvaluator": get_evaluator,
    }
