"""The services that this project implements, wired together."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local.agentcore.control.rights import Lacks
from local.agentcore.evaluations.judge import evaluate
from local.agentcore.model.app import ModelApp
from local.agentcore.service import AgentCore
from local.agentcore.settings import Delays, Quotas
from local.children import Children
from local.edge.credentials import CredentialStore
from local.edge.faults import FaultPlan
from local.emulator.clients import Clients
from local.moto import deliveries, tagging
from local.moto.stepfunctions import executions
from local.readings import Readings
from local.services.bedrock.service import Bedrock
from local.services.build.service import CodeBuild
from local.services.events.service import Events
from local.services.functions.api import InvokeApi
from local.services.functions.logs import FunctionLogs
from local.services.functions.service import Callables, Functions
from local.services.images.store import ImageStore, Reference
from local.services.insights.service import Insights

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


class Services:
    """Starts every service.

    Args:
        undo: Receives the callbacks that stop them.
        state_dir: The state folder.
        region: Region.
        account_id: Account.
        endpoint_url: The endpoint of the local AWS.
        credentials: Issues access keys.
        clients: Makes boto3 clients.
        faults: The faults to inject.
        delays: How long AgentCore's states last.
        quotas: AgentCore's limits.
        readings: What to play where AWS's behaviour is not known.
        callables: Functions that run in this process, by logical id.
        lacks: Says what a role may not do.

    Attributes:
        agentcore: The local AgentCore.
        functions: The stack's functions.
        function_logs: Their output.
        events: Deliveries of EventBridge, and its clock.
        apps: WSGI applications by service, or by `service:Operation`.
    """

    def __init__(
        self,
        *,
        undo: ExitStack,
        state_dir: Path,
        region: str,
        account_id: str,
        endpoint_url: str,
        credentials: CredentialStore,
        clients: Clients,
        faults: FaultPlan,
        delays: Delays,
        quotas: Quotas | None,
        readings: Readings,
        callables: Callables | None,
        lacks: Lacks,
    ) -> None:
        images = ImageStore(
            state_dir / "images", partial(_is_in_ecr, clients.of_service("bedrock-agentcore"))
        )
        self.agentcore = AgentCore(
            state_dir=state_dir,
            region=region,
            account_id=account_id,
            endpoint_url=endpoint_url,
            credentials=credentials,
            images=images,
            faults=faults,
            delays=delays,
            quotas=quotas,
            readings=readings,
            lacks=lacks,
            delivered_to=lambda arn: deliveries.log_groups_of(
                account_id, region, arn, deliveries.APPLICATION_LOGS
            ),
        )
        undo.callback(self.agentcore.close)
        deliveries.resources(
            lambda arn: any(arn == known for known, _ in self.agentcore.tagged_resources())
        )
        undo.callback(deliveries.resources)
        codebuild = CodeBuild(
            state_dir=state_dir,
            region=region,
            account_id=account_id,
            endpoint_url=endpoint_url,
            credentials=credentials,
            images=images,
        )
        undo.callback(codebuild.close)
        children = Children(state_dir / "functions" / "processes")
        undo.callback(children.close)
        lambda_client = clients.of_service("lambda")
        logs = FunctionLogs(state_dir / "logs" / "functions", lambda: lambda_client("logs"))
        undo.callback(logs.close)
        self.functions = Functions(
            state_dir=state_dir,
            region=region,
            endpoint_url=endpoint_url,
            credentials=credentials,
            faults=faults,
            children=children,
            logs=logs,
            callables=callables,
        )
        undo.callback(self.functions.close)
        self.function_logs = logs
        self.events = Events(
            client=clients.of_service("events"), account_id=account_id, region=region
        )
        undo.callback(self.events.close)
        undo.callback(executions.stop_executions, account_id, region)
        tagging.tag_sources(
            self.agentcore.tagged_resources,
            lambda: tagging.user_pool_tags(account_id, region),
        )
        undo.callback(tagging.tag_sources)
        logs_client = clients.of_service("logs")
        insights = Insights(lambda: logs_client("logs"), self.agentcore.data.telemetry.deliver)
        self.apps: dict[str, WSGIApplication] = {
            "bedrock-agentcore-control": self.agentcore.control,
            "bedrock-agentcore": self.agentcore.data,
            "bedrock-agentcore:InvokeGateway": self.agentcore.gateways,
            "bedrock-agentcore:Evaluate": ModelApp("bedrock-agentcore", {"Evaluate": evaluate}),
            "bedrock-runtime": Bedrock().app,
            "codebuild": codebuild.app,
            "lambda:Invoke": InvokeApi(self.functions, lambda_client),
            "logs:GetQueryResults": insights,
            "logs:StartQuery": insights,
        }


def _is_in_ecr(client: Callable[[str], Any], image: Reference) -> bool:
    """Return whether ECR has an image; it may have been deleted after its build pushed it."""
    wanted = {"imageDigest": image.digest} if image.digest else {"imageTag": image.tag}
    ecr = client("ecr")
    try:
        ecr.describe_images(repositoryName=image.repository, imageIds=[wanted])
    except (ecr.exceptions.ImageNotFoundException, ecr.exceptions.RepositoryNotFoundException):
        return False
    return True
