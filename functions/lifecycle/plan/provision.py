"""Plan the provision: run its deciding stages with clients that only read, and tell what they would have done."""

from __future__ import annotations

from lifecycle.artifact.settings import PublicationSettings
from lifecycle.clients import CLIENTS, Clients
from lifecycle.credentials.deploy import CredentialsSettings
from lifecycle.entry import Wire
from lifecycle.gateway.guarded.role import GatewaySettings
from lifecycle.observability.deliver import DeliverySettings
from lifecycle.plan.artifact import artifact_answers, plan_artifact
from lifecycle.plan.drafts import DraftRecords
from lifecycle.plan.gateway import TESTED, gateway_answers, plan_gateway, plan_lock
from lifecycle.plan.identity import identity_answers, plan_identity
from lifecycle.plan.observability import observability_answers, plan_observability
from lifecycle.plan.outbound.credentials import credentials_answers, plan_credentials
from lifecycle.plan.output import (
    Cost,
    PlannedCanary,
    PlannedEvaluation,
    PlannedGateway,
    ProvisionPlan,
)
from lifecycle.plan.reading import ReadingClients, only_reading
from lifecycle.plan.runtime import plan_runtime, runtime_answers
from lifecycle.record import Record
from lifecycle.request.canaries.plan import plan_canary
from lifecycle.request.model import Request
from lifecycle.request.stage_event import StageEvent
from lifecycle.runtime.deploy import DeploySettings
from lifecycle.table import Records

_UNCHANGED = "live serves the version already"
_TESTED = "whether the smoke test passes; `live` moves only after that"


class PlanSettings(
    PublicationSettings, DeploySettings, DeliverySettings, GatewaySettings, CredentialsSettings
):
    """What the stages that publish, deploy and deliver read."""


class PlannedProvision(Wire):
    """What `plan_provision` returns."""

    plan: ProvisionPlan


def plan_provision(event: StageEvent, *, clients: Clients = CLIENTS) -> PlannedProvision:
    """Say what a provision would do. Changes nothing, not even the record.

    The stages run in their order, each on what the one before it would have left. A call that would change something is
    answered here; AWS never sees it.

    Args:
        event: The execution, its request, and what was learned.
        clients: DynamoDB, S3, ECR, CodeBuild, Cognito, Secrets Manager, AgentCore, IAM and CloudWatch
            Logs.

    Returns:
        The plan.

    Raises:
        LifecycleError: What the stages raise before they change something, such as for a source that is not there.
    """
    settings = PlanSettings.load()
    stack = settings.stack_name
    answers = (
        identity_answers(event, stack)
        | artifact_answers()
        | runtime_answers()
        | observability_answers()
    )
    outbound = credentials_answers()
    answers["agentcore_control"] = {
        **answers["agentcore_control"],
        **gateway_answers(),
        **outbound["agentcore_control"],
    }
    answers["iam"] = outbound["iam"]
    reading = ReadingClients(clients, answers)
    with only_reading():
        # As it is: the stages below leave drafts of what it would be.
        before = Records(reading.dynamodb, settings.table_name).get(event.request.environment)
        records = DraftRecords(reading.dynamodb, settings.table_name, event.request.environment)
        identity, unseen = plan_identity(event, reading, records, stack)
        artifact, unbuilt = plan_artifact(event, reading, records, settings)
        credentials = plan_credentials(event, reading, records, settings)
        plan_lock(event, reading, records, settings)
        runtime, promotion, undone = plan_runtime(event, reading, records, settings)
        observability = plan_observability(event, reading, records, settings)
        gateway = plan_gateway(event, reading, records, settings)
    return PlannedProvision(
        plan=ProvisionPlan(
            identity=identity,
            artifact=artifact,
            runtime=runtime,
            observability=observability,
            gateway=gateway,
            credentials=credentials,
            canary=_canary(event.request, before, moves=promotion.moves),
            promotion=promotion,
            evaluations=[
                PlannedEvaluation(evaluator=one.id, min_score=one.min_score)
                for one in event.request.smoke_test.evaluators
            ],
            cost=Cost(builds=artifact.builds, build_minutes=artifact.build_minutes),
            not_known=[*unseen, *unbuilt, _TESTED, *undone, *_of_gateway(gateway)],
        )
    )


def _of_gateway(gateway: PlannedGateway | None) -> list[str]:
    return [TESTED] if gateway is not None and gateway.change != "remove" else []


def _canary(request: Request, record: Record | None, *, moves: bool) -> PlannedCanary | None:
    """How callers would try the version; the record says how the environment is."""
    plan = plan_canary(request, record or Record(environment=request.environment))
    if plan is None:
        return None
    direct = plan.direct or (None if moves else _UNCHANGED)
    steps = [] if direct else plan.steps
    return PlannedCanary(steps=steps, bake_seconds=plan.bake_seconds, direct=direct)
