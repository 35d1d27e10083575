"""Deploy the runtime: create it, or read it, compare, and write it back whole. Names what was changed by hand."""

from __future__ import annotations

import re
from typing import Any, Literal

from botocore.exceptions import ClientError

from lifecycle import names
from lifecycle.clients import CLIENTS, Clients
from lifecycle.entry import Wire
from lifecycle.errors import (
    ArtifactChangeError,
    InvalidRequestError,
    RoleNotReadyError,
    ServiceUnavailableError,
)
from lifecycle.record import Deployment, Record, RuntimeRecord
from lifecycle.request.stage_event import StageEvent
from lifecycle.runtime import agentcore, configuration, endpoints
from lifecycle.settings import Settings
from lifecycle.table import Records

_ROLE_NOT_READY = re.compile(r"role validation failed", re.IGNORECASE)

Change = Literal["created", "updated", "unchanged", "pending"]


class DeploySettings(Settings):
    """What the runtime runs as, and its model."""

    execution_role_arn: str
    model_id: str


class DeployedRuntime(Wire):
    """The runtime as the output of the execution tells it."""

    arn: str
    id: str
    version: str
    endpoint: str
    invocation_url: str


class DeployResult(Wire):
    """What `deploy_runtime` answers.

    Attributes:
        runtime: The runtime; null when there is none yet (`change` is `pending`).
        change: `pending`: the runtime is busy with an older change or on its way out; `check_runtime` says when
            to deploy again.
        repaired: What was found changed by hand and put right.
    """

    runtime: DeployedRuntime | None
    change: Change
    repaired: list[str]


def describe_runtime(
    clients: Clients, runtime: RuntimeRecord, endpoint: str, version: str
) -> DeployedRuntime:
    """The runtime as the output tells it, at one of its endpoints."""
    return DeployedRuntime(
        arn=str(runtime.arn),
        id=str(runtime.id),
        version=version,
        endpoint=endpoint,
        invocation_url=agentcore.invocation_url(clients.agentcore, str(runtime.arn), endpoint),
    )


def deploy_runtime(event: StageEvent, *, clients: Clients = CLIENTS) -> DeployResult:
    """Converge the runtime to what the request, the identity and the artifact want.

    Args:
        event: The stage's event.
        clients: DynamoDB and AgentCore.

    Returns:
        The runtime, what was done and what was repaired. It is not ready yet: `check_runtime` tells.

    Raises:
        ArtifactChangeError: The runtime is of the other kind of artifact; nothing was touched.
        InvalidRequestError: A runtime has the environment's name and is not ours.
        RoleNotReadyError: AgentCore does not see the execution role yet.
        ServiceUnavailableError: AgentCore is busy with the runtime.
    """
    settings = DeploySettings.load()
    records = Records(clients.dynamodb, settings.table_name)
    environment = event.request.environment
    # The lock is proved, and the record read, in one write.
    record = records.update(environment, event.execution)
    return _Deployer(event, clients, settings, records, record).deploy()


class _Deployer:
    def __init__(
        self,
        event: StageEvent,
        clients: Clients,
        settings: DeploySettings,
        records: Records,
        record: Record,
    ) -> None:
        self._event = event
        self._clients = clients
        self._control = clients.agentcore_control
        self._settings = settings
        self._records = records
        self._environment = event.request.environment
        self._name = names.runtime_name(settings.stack_name, self._environment)
        self._runtime = record.runtime or RuntimeRecord(name=self._name)
        self._tags = names.tags(settings.stack_name, self._environment) | event.request.tags
        self._wanted = configuration.desired(
            event.request,
            record,
            settings.execution_role_arn,
            settings.model_id,
            settings.stack_name,
            self._control.meta.region_name,
        )
        self._repaired: list[str] = []

    def deploy(self) -> DeployResult:
        observed = self._find()
        if observed is None:
            return self._create()
        self._adopt(observed)
        status = observed["status"]
        if status in ("CREATE_FAILED", "DELETE_FAILED"):
            return self._clear_away(observed)
        if status == "DELETING":
            return self._result("pending", None)
        self._refuse_artifact_change(observed)
        deployed = self._runtime.deployed
        different = configuration.differences(self._wanted, observed, deployed)
        self._repaired += configuration.drift(different, self._wanted, observed, deployed)
        if status in agentcore.BUSY:
            # What is under way is either just what is wanted, or it has to end before it can be changed.
            if different:
                return self._result("pending", observed)
            self._runtime.deployed = configuration.digests(self._wanted)
            return self._result("unchanged", observed)
        odd_default = self._odd_default(observed)
        self._mend_live()
        self._mend_tags(observed["agentRuntimeArn"])
        if different or odd_default or configuration.is_failed(observed):
            return self._update(observed)
        self._runtime.deployed = configuration.digests(self._wanted)
        return self._result("unchanged", observed)

    def _find(self) -> dict[str, Any] | None:
        if self._runtime.id is not None:
            observed = agentcore.get_runtime(self._control, self._runtime.id)
            if observed is not None:
                return observed
        found = agentcore.find_by_name(self._control, self._name)
        if found is None:
            return None
        tags = agentcore.tags_of(self._control, found["agentRuntimeArn"])
        if not agentcore.is_ours(tags, self._settings.stack_name, self._environment):
            raise InvalidRequestError(
                f"environment: given '{self._environment}', allowed: one whose runtime name '{self._name}' is free; "
                f"{found['agentRuntimeArn']} has that name and was not made by stack '{self._settings.stack_name}'. "
                "Delete it, or use another environment name"
            )
        return agentcore.get_runtime(self._control, found["agentRuntimeId"])

    def _adopt(self, observed: dict[str, Any]) -> None:
        runtime_id, arn = observed["agentRuntimeId"], observed["agentRuntimeArn"]
        if self._runtime.id == runtime_id:
            return
        # Another runtime than the record's: what the record says of versions and digests is not about this one.
        seen = agentcore.tags_of(self._control, arn)
        self._runtime = RuntimeRecord(
            name=self._name,
            id=runtime_id,
            arn=arn,
            version=observed["agentRuntimeVersion"],
            former_ids=self._former_ids(),
            artifact_type=self._kind(observed),
            tags={key: value for key, value in self._tags.items() if seen.get(key) == value},
            deployment=self._runtime.deployment,
        )
        self._save()

    def _former_ids(self) -> list[str]:
        # A runtime that was deleted leaves its log groups, which the teardown finds by its id.
        before = self._runtime
        return [*before.former_ids, before.id] if before.id is not None else before.former_ids

    def _kind(self, observed: dict[str, Any]) -> Literal["container", "code"]:
        return "code" if configuration.artifact_kind(observed) == "code" else "container"

    def _refuse_artifact_change(self, observed: dict[str, Any]) -> None:
        given, there = self._kind(self._wanted), self._kind(observed)
        if given != there:
            raise ArtifactChangeError.of(given, there, f"the runtime {observed['agentRuntimeId']}")

    def _create(self) -> DeployResult:
        if self._runtime.id is not None and self._runtime.deployed:
            self._repaired.append("the runtime was deleted")
        parameters = configuration.creation(self._wanted)
        # The runtime before this one is part of the token: what was deleted is to be made again.
        token = names.client_token(
            "create",
            self._event.execution,
            self._environment,
            self._runtime.id,
            parameters,
            self._tags,
        )
        self._intend("created")
        try:
            answer = self._control.create_agent_runtime(
                agentRuntimeName=self._name, clientToken=token, tags=self._tags, **parameters
            )
        except ClientError as error:
            if agentcore.is_conflict(error):
                # A create whose answer was lost, not yet in the list: the next try adopts it, or says whose it is.
                raise ServiceUnavailableError(
                    f"the runtime name {self._name} is in use, but no such runtime was found; it is tried again"
                ) from error
            raise _explained(error, self._settings.execution_role_arn) from error
        self._runtime = RuntimeRecord(
            name=self._name,
            id=answer["agentRuntimeId"],
            arn=answer["agentRuntimeArn"],
            version=answer["agentRuntimeVersion"],
            former_ids=self._former_ids(),
            artifact_type=self._kind(self._wanted),
            deployed=configuration.digests(self._wanted),
            tags=self._tags,
            deployment=self._runtime.deployment,
        )
        return self._result("created", answer)

    def _update(self, observed: dict[str, Any]) -> DeployResult:
        parameters = configuration.update(self._control, self._wanted, observed)
        parameters["agentRuntimeId"] = observed["agentRuntimeId"]
        token = names.client_token(
            "update",
            self._event.execution,
            observed["agentRuntimeVersion"],
            str(observed["lastUpdatedAt"]),
            parameters,
        )
        self._intend("updated")
        try:
            answer = self._control.update_agent_runtime(clientToken=token, **parameters)
        except ClientError as error:
            if agentcore.is_conflict(error):
                raise ServiceUnavailableError(
                    f"AgentCore is busy with runtime {observed['agentRuntimeId']}; it is tried again"
                ) from error
            raise _explained(error, self._settings.execution_role_arn) from error
        self._runtime.version = answer["agentRuntimeVersion"]
        self._runtime.deployed = configuration.digests(self._wanted)
        return self._result("updated", answer)

    def _clear_away(self, observed: dict[str, Any]) -> DeployResult:
        # A runtime that never was cannot be updated; the next call makes another in its place.
        self._runtime.deployed = {}
        self._intend("pending")
        try:
            self._control.delete_agent_runtime(agentRuntimeId=observed["agentRuntimeId"])
        except ClientError as error:
            if not (agentcore.is_not_found(error) or agentcore.is_conflict(error)):
                raise
        return self._result("pending", None)

    def _odd_default(self, observed: dict[str, Any]) -> bool:
        endpoint = agentcore.get_endpoint(
            self._control, observed["agentRuntimeId"], agentcore.DEFAULT_ENDPOINT
        )
        if endpoint is None or endpoint["status"] in agentcore.BUSY:
            return False
        version = observed["agentRuntimeVersion"]
        odd = configuration.is_failed(endpoint) or endpoint.get("liveVersion") != version
        if odd and not configuration.is_failed(observed):
            self._repaired.append(
                f"the endpoint DEFAULT was {endpoint['status']} on version {endpoint.get('liveVersion')} "
                f"instead of {version}"
            )
        return odd

    def _mend_live(self) -> None:
        """Put `live` back onto the version that it is known to serve, before anything else changes."""
        version, runtime_id = self._runtime.live_version, str(self._runtime.id)
        if version is None:
            return
        endpoint = agentcore.get_endpoint(self._control, runtime_id, names.LIVE_ENDPOINT)
        if endpoint is None:
            self._repaired.append("the endpoint live was deleted")
        elif (
            endpoint["status"] in (*agentcore.BUSY, "CREATE_FAILED", "DELETE_FAILED")
            or endpoint.get("liveVersion") == version
        ):
            return  # on its way, or for the promotion to make anew
        else:
            self._repaired.append(
                f"the endpoint live was moved from version {version} to {endpoint.get('liveVersion')}"
            )
        self._intend("unchanged")
        stamp = str(endpoint["lastUpdatedAt"]) if endpoint else None
        token = names.client_token("mend", self._event.execution, runtime_id, version, stamp)
        try:
            if endpoint is None:
                endpoints.create_live(self._control, runtime_id, version, token, self._tags)
            else:
                endpoints.move_live(self._control, runtime_id, version, token)
        except ClientError as error:
            if agentcore.is_conflict(error):
                raise ServiceUnavailableError(
                    f"AgentCore is busy with the endpoint live of {runtime_id}; it is tried again"
                ) from error
            if not agentcore.is_not_found(error):
                raise
            # The version itself was deleted: the promotion makes `live` anew.
            self._repaired.append(f"the version {version}, which live served, was deleted")

    def _mend_tags(self, arn: str) -> None:
        seen = agentcore.tags_of(self._control, arn)
        missing = {key: value for key, value in self._tags.items() if seen.get(key) != value}
        gone = [key for key in self._runtime.tags if key not in self._tags and key in seen]
        if missing and self._runtime.tags == self._tags:
            self._repaired.append(f"tags of the runtime were changed: {', '.join(sorted(missing))}")
        if missing:
            self._control.tag_resource(resourceArn=arn, tags=missing)
        if gone:
            self._control.untag_resource(resourceArn=arn, tagKeys=gone)
        self._runtime.tags = self._tags

    def _intend(self, change: Change) -> Change:
        """Note what is about to be done, so that a repetition after a crash still reports it."""
        before = self._runtime.deployment
        if before is not None and before.execution != self._event.execution:
            before = None
        change = _together(before.change if before else None, change)
        self._runtime.deployment = Deployment(
            execution=self._event.execution,
            change=change,
            repaired=list(dict.fromkeys((before.repaired if before else []) + self._repaired)),
        )
        self._save()
        return change

    def _result(self, change: Change, observed: dict[str, Any] | None) -> DeployResult:
        runtime = None
        if observed is not None:
            version = observed["agentRuntimeVersion"]
            self._runtime.version = version
            runtime = describe_runtime(
                self._clients, self._runtime, agentcore.DEFAULT_ENDPOINT, version
            )
        change = self._intend(change)
        repaired = self._runtime.deployment.repaired if self._runtime.deployment else []
        return DeployResult(runtime=runtime, change=change, repaired=repaired)

    def _save(self) -> None:
        self._records.update(self._environment, self._event.execution, runtime=self._runtime)


def _together(before: Change | None, now: Change) -> Change:
    """What an execution did in all, when it deployed more than once (a retry, or after a wait)."""
    if now == "pending" or before in (None, "pending"):
        return now
    return (
        "created"
        if "created" in (before, now)
        else "updated"
        if "updated" in (before, now)
        else now
    )


def _explained(error: ClientError, role_arn: str) -> ClientError | RoleNotReadyError:
    code = error.response["Error"]["Code"]
    message = error.response["Error"].get("Message", "")
    if code in ("ValidationException", "AccessDeniedException") and _ROLE_NOT_READY.search(message):
        return RoleNotReadyError(
            f"AgentCore does not see the role {role_arn} yet ({' '.join(message.split())}); it is tried again, and "
            "if that does not help, look at the role's trust policy"
        )
    return error
