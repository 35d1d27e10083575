"""AgentCore Gateway: its control plane, and the addresses of gateways."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from local.agentcore.control.gateways.gateways import GatewayOperations
from local.agentcore.control.gateways.roles import GatewayRoles
from local.agentcore.control.gateways.rules import RuleOperations
from local.agentcore.control.gateways.store import GatewayStore
from local.agentcore.control.gateways.targets.operations import TargetOperations
from local.agentcore.control.gateways.targets.schemas import Schemas
from local.agentcore.control.gateways.targets.start import TargetChanges
from local.agentcore.control.gateways.targets.synchronizing import Synchronizer
from local.agentcore.control.rights import Lacks
from local.agentcore.data.gateways.access import GatewayAccess
from local.agentcore.data.gateways.addresses import Addresses
from local.agentcore.data.gateways.apis import Apis
from local.agentcore.data.gateways.app import GatewayPlane
from local.agentcore.data.gateways.functions import Functions
from local.agentcore.data.gateways.mcp import McpServer
from local.agentcore.data.gateways.outgoing import Issue, Outgoing
from local.agentcore.data.gateways.rights import OutboundRights
from local.agentcore.data.gateways.servers import Servers
from local.agentcore.data.gateways.tools import Tools
from local.agentcore.data.identity.gateways import GatewayIdentity
from local.agentcore.data.sessions import Sessions, end_named
from local.agentcore.data.vended.gateway_metrics import GatewayMetrics
from local.agentcore.model.app import Handler
from local.edge.iam.permission import Place

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


class Gateways:
    """The gateways of one account.

    Args:
        store: The gateways.
        endpoint_url: The local AWS.
        clients: Gives the boto3 client of a service, with the rights of the service.
        roles: The roles of gateways.
        lacks: Says what a role may not do.
        identity: Gives keys and tokens for targets.
        issue: Makes keys for the gateways' roles.
        sessions: The running agents.
        runtimes: The data plane of runtimes.
        access: Who may call a gateway.

    Attributes:
        handlers: The operations of the control plane, by name.
        plane: WSGI application of the addresses of gateways.
    """

    def __init__(
        self,
        *,
        store: GatewayStore,
        endpoint_url: str,
        clients: Callable[[str], Any],
        roles: GatewayRoles,
        lacks: Lacks,
        identity: GatewayIdentity,
        issue: Issue,
        sessions: Sessions,
        runtimes: WSGIApplication,
        access: GatewayAccess,
    ) -> None:
        account = store.account
        place = Place(account.region, account.account_id)
        rights = OutboundRights(roles, lacks, place.root)
        self._outgoing = Outgoing(
            addresses=Addresses(endpoint_url),
            rights=rights,
            identity=identity,
            issue=issue,
            region=account.region,
            quotas=account.quotas,
            readings=account.readings,
        )
        servers = Servers(self._outgoing, partial(end_named, sessions))
        self._synchronizer = Synchronizer(store, servers.tools)
        schemas = Schemas(clients, roles, lacks, account.quotas, account.readings)
        changes = TargetChanges(store, schemas, self._synchronizer)
        self.handlers: dict[str, Handler] = {
            **GatewayOperations(store, roles.check).handlers,
            **TargetOperations(store, changes).handlers,
            **RuleOperations(store).handlers,
        }
        tools = Tools(store, Functions(rights, clients), Apis(self._outgoing), servers)
        self._metrics = GatewayMetrics(clients, account.clock, account.readings)
        self.plane = GatewayPlane(
            *(store, access, rights, runtimes, McpServer(tools)), self._metrics.count
        )

    def stop(self) -> None:
        """Start no look at a server any more."""
        self._synchronizer.close()

    def close(self) -> None:
        """Publish what was counted and close the connections; the agents have ended before."""
        self._metrics.close()
        self._outgoing.close()
