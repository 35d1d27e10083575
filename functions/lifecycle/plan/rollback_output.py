"""The part `plan` of the output of a rollback's dry run: the parts of a provision's plan, and three of its own."""

from __future__ import annotations

from typing import Literal

from lifecycle.entry import Wire
from lifecycle.plan.output import (
    Cost,
    PlannedArtifact,
    PlannedCredentials,
    PlannedEvaluation,
    PlannedGateway,
    PlannedPromotion,
    PlannedResource,
    PlannedRuntime,
)


class PlannedVersion(Wire):
    """The version that the rollback would go back to.

    Attributes:
        version: Which one.
        reason: Why that one.
        promoted_at: When `live` was moved to it last, in UTC and ISO 8601.
        promoted_by: ARN of the execution that did it.
        others: The other versions that the input can name.
        exists: Whether AgentCore still has it. If not, it would be made anew, as another version.
        candidate: What would happen to the endpoint `candidate`; null if the version would be made anew, which is
            tested on DEFAULT.
        artifact_is_there: Whether the image or zip that it was published with is still there; null where that cannot be
            seen, such as in a registry of somebody else.
    """

    version: str
    reason: str
    promoted_at: str
    promoted_by: str
    others: list[str]
    exists: bool
    candidate: Literal["create", "move", "unchanged"] | None
    artifact_is_there: bool | None


class ServedVersion(Wire):
    """What the endpoint `live` serves now; both are null when it is not there."""

    version: str | None
    status: str | None


class PlannedGate(Wire):
    """What the version would have to pass.

    Attributes:
        endpoint: Where it would be tested: `candidate`, or DEFAULT for a version that is made anew.
        checks: The checks of the smoke test, in order.
        prompt: What the agent is asked.
        expect: What its answer must match.
        cases: How many cases there are.
        questions: How often they are asked together.
        cases_from: The object that they are read from, as `s3://bucket/key`; null for those of the request.
        min_pass_rate: The share of the answers that must pass.
        max_p95_seconds: The limit of the answers' 95th percentile; null without a limit.
        evaluations: The evaluators that would judge the sessions.
    """

    endpoint: str
    checks: list[str]
    prompt: str
    expect: str
    cases: int
    questions: int
    cases_from: str | None
    min_pass_rate: float
    max_p95_seconds: float | None
    evaluations: list[PlannedEvaluation]


class RollbackPlan(Wire):
    """What a rollback with the same input would do.

    Attributes:
        version: The version that it would go back to.
        live: What `live` serves now.
        identity: Each resource in Cognito, if the version is made anew; otherwise none, since nothing is created.
        artifact: Where the artifact would come from, if the version is made anew; otherwise null.
        runtime: `change`: what would happen to the runtime's newest version. `differences`: the members in which the
            version that is tested differs from the one that `live` serves.
        gate: What the version would have to pass.
        promotion: Whether `live` would move, if it passes.
        gateway: What would happen to the gateway after that; null when there is none.
        credentials: What would happen to the credential providers; null when there are none.
        cost: In builds.
        not_known: What nobody can know before the rollback acts, one sentence each.
    """

    version: PlannedVersion
    live: ServedVersion
    identity: list[PlannedResource]
    artifact: PlannedArtifact | None
    runtime: PlannedRuntime
    gate: PlannedGate
    promotion: PlannedPromotion
    gateway: PlannedGateway | None
    credentials: PlannedCredentials | None
    cost: Cost
    not_known: list[str]
