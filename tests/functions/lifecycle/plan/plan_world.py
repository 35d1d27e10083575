"""Executions of a provision, dry and real, through every stage that decides, in one account; and what both said."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lifecycle.clients import watched
from lifecycle.errors import LifecycleError
from lifecycle.fence import READS
from lifecycle.identity.provision import provision_identity
from lifecycle.outcome.report import OutcomeEvent, report_outcome
from lifecycle.plan.provision import plan_provision
from lifecycle.plan.rollback import RollbackPlanEvent, plan_rollback
from lifecycle.record import Record
from lifecycle.request.preparation import Prepared, PrepareEvent, prepare_request
from lifecycle.request.stage_event import StageEvent
from lifecycle.runtime import agentcore
from lifecycle.runtime.promotion import promote_version
from lifecycle.runtime.readiness import check_runtime
from lifecycle.runtime.rollback.restore import restore_version
from lifecycle.sections.identity import IdentityRecord
from tests.functions.lifecycle.runtime_world import World

ARN = "arn:aws:states:us-west-2:123456789012:execution:lifecycle:"
_CREATED = ("Create", "AdminCreate")


@dataclass
class Real:
    """What a real provision did.

    Attributes:
        built: Whether it started a build.
        change: What it did to the runtime.
        repaired: The output's `repaired`.
        promotion: The output's `promotion`.
        identity: Each resource of the identity that it wrote to, and whether it created it.
        builds: How many builds it started.
    """

    built: bool
    change: str
    repaired: list[str]
    promotion: Any
    identity: dict[str, str]
    builds: int
    before: Record | None
    after: Record


@dataclass
class RolledBack:
    """What a real rollback did.

    Attributes:
        version: The version that it went back to.
        gone: Whether that had to be made anew.
        candidate: What it did to the endpoint `candidate`; None if the version had to be made anew.
        builds: How many builds it started.
        change: What it did to the runtime.
        promotion: The output's `promotion`.
        live: The version that `live` served before.
    """

    version: str
    gone: bool
    candidate: str | None
    builds: int
    change: str
    promotion: Any
    live: str | None


@dataclass
class PlanWorld:
    """An account with the stack in it.

    Attributes:
        world: The account.
        count: How many executions there were.
        calls: The operations that the last dry run called.
    """

    world: World
    count: int = 0
    calls: list[str] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        """Whatever the changes by hand of other tests need."""
        return getattr(self.world, name)

    @property
    def cognito(self) -> Any:
        return self.world.clients.cognito

    @property
    def secrets(self) -> Any:
        return self.world.clients.secrets

    @property
    def identity(self) -> IdentityRecord:
        identity = self.world.record().identity
        assert identity is not None
        return identity

    def prepare(self, given: dict[str, Any]) -> Prepared:
        self.count += 1
        self.world.execution = f"{ARN}{self.count}"
        event = PrepareEvent(execution=self.world.execution, input=given)
        return prepare_request(event, clients=self.world.clients)

    def plan(self, given: dict[str, Any] | None = None) -> dict[str, Any]:
        """A dry run; it may leave nothing behind, and calls nothing that does not read."""
        return self._dry(given or {}, plan_provision, StageEvent)

    def plan_back(self, **more: Any) -> dict[str, Any]:
        """A dry run of a rollback."""
        return self._dry({"action": "rollback", **more}, plan_rollback, RollbackPlanEvent)

    def _dry(
        self, given: dict[str, Any], stage: Callable[..., Any], kind: type[StageEvent]
    ) -> dict[str, Any]:
        prepared = self.prepare({**given, "dryRun": True})
        environment = prepared.request.environment
        before, world = self.world.records.get(environment), self.world
        world.killer.start()
        parts = {"request": prepared.request, "learned": prepared.learned, "cases": prepared.cases}
        event = kind.model_validate({"execution": world.execution, **parts})
        try:
            planned = stage(event, clients=world.clients)
        except LifecycleError:
            world.records.release(environment, world.execution)
            raise
        plan: dict[str, Any] = planned.model_dump(mode="json", by_alias=True)["plan"]
        self.calls = list(world.killer.calls)
        assert [call for call in self.calls if not call.startswith(READS)] == []
        assert "GetSecretValue" not in self.calls
        assert "GetRandomPassword" not in self.calls
        assert self.world.records.get(environment) == before
        self.report(prepared, plan=plan)
        return plan

    def provision(self, given: dict[str, Any] | None = None) -> Real:
        """The stages of a provision, in their order."""
        environment = (given or {}).get("environment", "dev")
        before, builds = self.world.records.get(environment), len(self.world.codebuild.builds)
        prepared = self.prepare(given or {})
        world = self.world
        world.request = prepared.request
        writes: list[tuple[str, Mapping[str, Any]]] = []
        with watched(lambda name, parameters: writes.append((name, dict(parameters)))):
            identity = provision_identity(world.event(), clients=world.clients)
        touched: dict[str, str] = {}
        for operation, parameters in writes:
            resource = resource_of(operation, parameters)
            if resource:
                created = operation.startswith(_CREATED)
                touched.setdefault(resource, "create" if created else "update")
        published = world.publish()
        if not published.done:
            world.finish_build()
            published = world.publish()
        deployed = world.deploy()
        for _ in range(20):
            checked = world.check()
            if checked.redeploy:
                deployed = world.deploy()
            elif checked.done:
                break
            world.pass_(2)
        world.prove()
        promotion = world.loop(promote_version).promotion
        self.report(prepared)
        return Real(
            built=published.artifact.built,
            change=deployed.change,
            repaired=[*identity.repaired, *deployed.repaired],
            promotion=promotion,
            identity=touched,
            builds=len(world.codebuild.builds) - builds,
            before=before,
            after=world.record(environment),
        )

    def roll_back(self, **more: Any) -> RolledBack:
        """The stages of a rollback, in their order."""
        world = self.world
        prepared = self.prepare({"action": "rollback", **more})
        world.request = prepared.request
        builds, made = len(world.codebuild.builds), list(world.only_runtime().endpoints)
        live = (
            world.control.get_agent_runtime_endpoint(
                agentRuntimeId=world.only_runtime().id, endpointName="live"
            )
            if "live" in made
            else {}
        )
        world.killer.start()
        restored = world.loop(restore_version)
        called = set(world.killer.calls)
        candidate = "unchanged"
        if "CreateAgentRuntimeEndpoint" in called:
            candidate = "create"
        elif "UpdateAgentRuntimeEndpoint" in called:
            candidate = "move"
        change = "unchanged"
        if restored.gone:
            provision_identity(world.event(), clients=world.clients)
            if not world.publish().done:
                world.finish_build()
                assert world.publish().done
            change = world.deploy().change
            world.loop(check_runtime)
        world.prove()
        promotion = world.loop(promote_version).promotion
        self.report(prepared)
        return RolledBack(
            version=str(prepared.request.version),
            gone=restored.gone,
            candidate=None if restored.gone else candidate,
            builds=len(world.codebuild.builds) - builds,
            change=change,
            promotion=promotion,
            live=live.get("liveVersion"),
        )

    def leave_a_candidate(self, version: str) -> None:
        """A rollback whose smoke test fails."""
        prepared = self.prepare({"action": "rollback", "version": version})
        self.world.request = prepared.request
        self.world.loop(restore_version)
        self.report(prepared, failure={"Error": "SmokeTestError", "Cause": "no"})

    def compared_back(self, **more: Any) -> dict[str, Any]:
        """A dry run of a rollback, and then the real run: both must say the same. Returns the plan."""
        plan = self.plan_back(**more)
        versions = {
            v: self._version(v) for v in (plan["version"]["version"], plan["live"]["version"]) if v
        }
        real = self.roll_back(**more)
        compare_back(plan, real)
        came, goes = versions.get(plan["live"]["version"]), self._version(real.promotion.version)
        if came is not None and goes is not None:
            named = {item["member"].partition(".")[0] for item in plan["runtime"]["differences"]}
            assert named == {part for part in goes if came.get(part) != goes[part]}
        return plan

    def _version(self, version: str) -> dict[str, Any] | None:
        """The configuration of a version, as AgentCore has it."""
        found = agentcore.get_version(self.world.control, self.world.only_runtime().id, version)
        model = self.world.control.meta.service_model.operation_model("UpdateAgentRuntime")
        parts = set(model.input_shape.members) - {"agentRuntimeId", "clientToken"}
        return {part: found.get(part) for part in parts} if found else None

    def report(self, prepared: Prepared, **more: Any) -> Any:
        event = {"execution": self.world.execution, "request": prepared.request.to_json(), **more}
        return report_outcome(OutcomeEvent.model_validate(event), clients=self.world.clients)

    def compared(self, given: dict[str, Any] | None = None) -> dict[str, Any]:
        """A dry run, and then the real run: both must say the same. Returns the plan."""
        plan = self.plan(given)
        compare(plan, self.provision(given))
        return plan


def resource_of(operation: str, parameters: Mapping[str, Any]) -> str | None:
    """The resource of the identity that a call writes to, as outputs call it."""
    if operation.startswith(READS) or "TableName" in parameters:
        return None
    if operation == "CreateSecret" or "SecretId" in parameters:
        return "secret"
    if "ClientName" in parameters:
        return "probe client" if parameters["ClientName"].endswith("-probe") else "app client"
    if operation.startswith("Admin"):
        return "test user"
    for part, resource in (("ResourceServer", "resource server"), ("Domain", "domain")):
        if part in operation:
            return resource
    return "user pool"


def real_artifact(real: Real) -> str:
    """What a real run did about the artifact, in the words of a plan."""
    after = real.after.artifact
    before = real.before.artifact if real.before else None
    assert after is not None
    if real.built:
        return "build"
    if before and before.published:
        places = [(item.container_uri, item.key, item.version_id) for item in (before, after)]
        if places[0] == places[1]:
            return "unchanged"
    return "given" if after.given else "reuse"


def compare(plan: dict[str, Any], real: Real) -> None:
    """Everything that a plan says is what the real run did and said."""
    assert plan["artifact"]["change"] == real_artifact(real)
    assert plan["artifact"]["builds"] == plan["cost"]["builds"] == real.builds
    assert real.after.artifact is not None
    assert plan["artifact"]["sourceHash"] == real.after.artifact.source_hash
    words = {"create": "created", "update": "updated", "unchanged": "unchanged"}
    assert words[plan["runtime"]["change"]] == real.change
    phrases = [
        phrase
        for item in plan["identity"]
        if item["change"] == "repair"
        for phrase in item["details"]
    ]
    assert sorted([*phrases, *plan["runtime"]["repaired"]]) == sorted(real.repaired)
    changed = {
        item["resource"]: item["change"]
        for item in plan["identity"]
        if item["change"] != "unchanged"
    }
    assert changed.keys() == real.identity.keys()
    for resource, change in changed.items():
        assert change in ("repair", real.identity[resource]), resource
    moved = real.promotion.version != real.promotion.previous_version
    assert plan["promotion"]["moves"] == moved
    assert plan["promotion"]["fromVersion"] == real.promotion.previous_version
    assert plan["promotion"]["toVersion"] in (None, real.promotion.version)


def compare_back(plan: dict[str, Any], real: RolledBack) -> None:
    """Everything that a plan of a rollback says is what the real run did."""
    version = plan["version"]
    assert version["version"] == real.version
    assert version["exists"] is not real.gone
    assert version["candidate"] == real.candidate
    assert plan["gate"]["endpoint"] == ("DEFAULT" if real.gone else "candidate")
    assert plan["cost"]["builds"] == real.builds
    words = {"create": "created", "update": "updated", "unchanged": "unchanged"}
    assert words[plan["runtime"]["change"]] == real.change
    assert plan["live"]["version"] == real.live
    moved = real.promotion.version != real.promotion.previous_version
    assert plan["promotion"]["moves"] == moved
    assert plan["promotion"]["fromVersion"] == real.promotion.previous_version
    assert plan["promotion"]["toVersion"] in (None, real.promotion.version)
