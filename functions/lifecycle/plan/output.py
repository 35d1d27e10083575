"""The part `plan` of the output of a dry run. It never has the value of an environment variable, or a secret."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from lifecycle.entry import Wire
from lifecycle.identity.ledger import Resource


class PlannedResource(Wire):
    """What would happen to one resource of the identity.

    Attributes:
        resource: Which one.
        change: `repair`: somebody has changed or deleted it by hand.
        details: What would be done, one phrase each; for a repair, as in `repaired`.
    """

    resource: Resource
    change: Literal["create", "update", "unchanged", "repair"]
    details: list[str] = Field(default_factory=list)


class PlannedArtifact(Wire):
    """Where the artifact would come from.

    Attributes:
        change: `build`: a build would be started. `reuse`: the stack has it, or builds it already. `given`: the input
            names it. `unchanged`: the environment uses it already.
        type: The kind of artifact.
        source_hash: What names it in the stack; null for an image that the input names.
        builds: How many builds would be started.
        build_minutes: How long earlier builds took; null when nothing is built, or nothing is known.
        reason: Why.
    """

    change: Literal["build", "reuse", "given", "unchanged"]
    type: Literal["container", "code"]
    source_hash: str | None = None
    builds: int
    build_minutes: float | None = None
    reason: str


class Difference(Wire):
    """A member of the runtime's configuration that would change; null stands for a member that is not there."""

    member: str
    came: str | None = Field(serialization_alias="from")
    goes: str | None = Field(serialization_alias="to")


class PlannedRuntime(Wire):
    """What would happen to the runtime.

    Attributes:
        change: Whether it would be created, updated (a new version) or left unchanged.
        differences: The members that differ, and tags.
        repaired: The drift that would be repaired; without that of the identity, which has `details`.
    """

    change: Literal["create", "update", "unchanged"]
    differences: list[Difference]
    repaired: list[str]


class PlannedPromotion(Wire):
    """Whether the endpoint `live` would move, if the smoke test passes.

    Attributes:
        moves: Whether it would be created, or serve another version.
        from_version: The version that it serves; null when there is none.
        to_version: The version that it would serve; null when that does not exist yet.
    """

    moves: bool
    from_version: str | None = None
    to_version: str | None = None


class PlannedObservability(Wire):
    """What would happen to the delivery of logs and traces.

    Attributes:
        change: Whether it would be set up, changed or repaired, left unchanged, or removed.
        log_group: Where application logs and usage logs would go; null for `remove`.
        log_types: What would be delivered.
        repaired: The drift that would be repaired.
        removes: What would be removed.
    """

    change: Literal["create", "update", "unchanged", "remove"]
    log_group: str | None = None
    log_types: list[str] = Field(default_factory=list)
    repaired: list[str] = Field(default_factory=list)
    removes: list[str] = Field(default_factory=list)


class PlannedGateway(Wire):
    """What would happen to the gateway in front of the runtime.

    Attributes:
        change: Whether it would be created, changed or repaired (with its target), left unchanged, or removed.
            `replace`: it would be removed, and another one created, which has another address.
        name: Its name.
        repaired: The drift that would be repaired.
        removes: What would be removed.
    """

    change: Literal["create", "update", "replace", "unchanged", "remove"]
    name: str
    repaired: list[str] = Field(default_factory=list)
    removes: list[str] = Field(default_factory=list)


class PlannedCredentials(Wire):
    """What would happen to the credential providers and the agent's role.

    Attributes:
        change: Whether a provider would be created, something changed or repaired, nothing, or all removed.
        providers: What AgentCore would call the providers.
        repaired: The drift that would be repaired.
        removes: What would be removed, once another version is live.
    """

    change: Literal["create", "update", "unchanged", "remove"]
    providers: list[str] = Field(default_factory=list)
    repaired: list[str] = Field(default_factory=list)
    removes: list[str] = Field(default_factory=list)


class PlannedCanary(Wire):
    """How callers would try the version before `live` moves.

    Attributes:
        steps: The share of the calls at each step, in percent; none when it would be promoted directly.
        bake_seconds: How long each step would take before it is judged.
        direct: Why the version would be promoted directly; null when it would not.
    """

    steps: list[int]
    bake_seconds: int
    direct: str | None = None


class Cost(Wire):
    """What the provision would cost in builds; `buildMinutes` is null when it is not known."""

    builds: int
    build_minutes: float | None = None


class PlannedEvaluation(Wire):
    """An evaluator whose score the version would have to reach."""

    evaluator: str
    min_score: float


class ProvisionPlan(Wire):
    """What a provision with the same input would do.

    Attributes:
        identity: Each resource in Cognito; none for `jwt` and `iam`, for which nothing is created.
        artifact: Where the artifact would come from.
        runtime: What would happen to the runtime.
        observability: What would happen to the delivery of logs and traces; null when there is none.
        gateway: What would happen to the gateway; null when there is none.
        credentials: What would happen to the credential providers; null when there are none.
        canary: How callers would try the version first; null when nobody asks for that.
        promotion: Whether `live` would move.
        evaluations: Which evaluators would judge the sessions of the smoke test; none without evaluators.
        cost: In builds.
        not_known: What nobody can know before the provision acts, one sentence each.
    """

    identity: list[PlannedResource]
    artifact: PlannedArtifact
    runtime: PlannedRuntime
    observability: PlannedObservability | None
    gateway: PlannedGateway | None
    credentials: PlannedCredentials | None
    canary: PlannedCanary | None
    promotion: PlannedPromotion
    evaluations: list[PlannedEvaluation]
    cost: Cost
    not_known: list[str]
