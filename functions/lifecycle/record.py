"""The record of an environment: what exists, what created it, state, lock, expiry. One DynamoDB item each.

Every write after the lock was taken is conditional on still holding it, so an execution that was taken over can no
longer change anything.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from lifecycle.errors import EnvironmentBusyError, LockLostError
from lifecycle.names import Flow

_SERIALIZER = TypeSerializer()
_DESERIALIZER = TypeDeserializer()


class _Section(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True, extra="ignore")


class Lock(_Section):
    """Who works on the environment."""

    execution: str
    acquired_at: str


class IdentityRecord(_Section):
    """The identity of an environment: what exists in Cognito, or which provider is trusted. Never a secret."""

    type: Literal["cognito", "jwt", "iam"]
    flow: Flow | None = None
    user_pool_id: str | None = None
    user_pool_arn: str | None = None
    client_id: str | None = None
    probe_client_id: str | None = Field(
        default=None, description="A client that the runtime must refuse."
    )
    username: str | None = None
    secret_arns: dict[Flow, str] = Field(
        default_factory=dict, description="The caller's secret, one a flow that has been in use."
    )
    secret_version: str | None = Field(
        default=None, description="The secret version that the pool's user has."
    )
    domain: str | None = None
    scope: str | None = Field(
        default=None, description="For client credentials: the scope that may call."
    )
    probe_scope: str | None = Field(
        default=None, description="A scope that the runtime must refuse."
    )
    discovery_url: str | None = None
    allowed_clients: list[str] | None = None
    allowed_audience: list[str] | None = None
    allowed_scopes: list[str] | None = None
    token_secret_arn: str | None = None

    @property
    def secret_arn(self) -> str | None:
        """The secret of the flow in use, if there is one."""
        return self.secret_arns.get(self.flow) if self.flow else None


class ArtifactRecord(_Section):
    """The artifact that the runtime is to run."""

    type: Literal["container", "code"]
    given: bool = Field(
        default=False, description="True for an image that the caller named and we did not make."
    )
    source_hash: str | None = None
    source: dict[str, Any] | None = Field(
        default=None, description="The caller's source {bucket, key, versionId}."
    )
    image_tag: str | None = None
    image_digest: str | None = None
    container_uri: str | None = Field(default=None, description="Pinned by digest.")
    bucket: str | None = None
    key: str | None = None
    version_id: str | None = None
    entry_point: list[str] = Field(
        default=["main.py"], description="For `code`: what AgentCore runs of the zip."
    )
    build_id: str | None = None
    build_execution: str | None = Field(
        default=None, description="ARN of the execution that had the artifact built."
    )
    failed_build_id: str | None = Field(
        default=None, description="The last build that failed; the next one is another."
    )
    published: bool = False


class Deployment(_Section):
    """What one execution does to the runtime's configuration, noted before it is done."""

    execution: str
    change: Literal["created", "updated", "unchanged", "pending"]
    repaired: list[str] = Field(default_factory=list)


class Promotion(_Section):
    """Where one execution moves the endpoint `live`, noted before it is done."""

    execution: str
    version: str
    previous_version: str | None = None
    begun: bool = Field(default=False, description="AgentCore has accepted the move.")
    tries: int = Field(default=0, description="How often it failed for this execution.")


class Removal(_Section):
    """What one execution has removed so far; a loop of several calls adds it up here."""

    execution: str
    runtimes: list[str] = Field(default_factory=list, description="Ids of the runtimes to remove.")
    removed: list[str] = Field(default_factory=list)
    tried: list[str] = Field(
        default_factory=list, description="What was told to go: told once, it must not fail again."
    )


class FailedSmokeTest(_Section):
    """What the last gate that did not open saw: a stage that fails returns nothing, so it is kept here."""

    execution: str
    report: dict[str, Any]


class RuntimeRecord(_Section):
    """The runtime and its versions."""

    name: str
    id: str | None = None
    arn: str | None = None
    version: str | None = Field(
        default=None, description="The newest version; the endpoint DEFAULT is on it."
    )
    live_version: str | None = Field(default=None, description="The version that `live` serves.")
    live_endpoint_arn: str | None = None
    live_identity: IdentityRecord | None = Field(
        default=None, description="How that version is called, whatever was provisioned since."
    )
    proven_version: str | None = Field(
        default=None, description="The version that last passed its smoke test."
    )
    failed_version: str | None = None
    failed_reason: str | None = None
    former_ids: list[str] = Field(
        default_factory=list,
        description="Runtimes that this one follows: gone, but for their log groups.",
    )
    artifact_type: Literal["container", "code"] | None = None
    deployed: dict[str, str] = Field(
        default_factory=dict,
        description="Digest of each part of the configuration as it was last written: what differs from it was "
        "changed by hand.",
    )
    tags: dict[str, str] = Field(default_factory=dict, description="The tags last written.")
    deployment: Deployment | None = None
    promotion: Promotion | None = None


State = Literal["PROVISIONING", "READY", "FAILED", "REMOVING"]


class Record(_Section):
    """Everything that is known about one environment."""

    environment: str
    state: State = "PROVISIONING"
    state_reason: str | None = None
    lock: Lock | None = None
    created_by: str | None = Field(
        default=None, description="ARN of the execution that made the record."
    )
    created_at: str | None = None
    updated_at: str | None = None
    expires_at: int | None = Field(default=None, description="Seconds since the epoch.")
    request: dict[str, Any] | None = Field(default=None, description="The last provision request.")
    proven_request: dict[str, Any] | None = Field(
        default=None,
        description="The last provision request that succeeded: what `live` was made with.",
    )
    identity: IdentityRecord | None = None
    artifact: ArtifactRecord | None = None
    runtime: RuntimeRecord | None = None
    failed_smoke_test: FailedSmokeTest | None = None
    runtime_removal: Removal | None = None
    artifact_removal: Removal | None = None
    identity_removal: Removal | None = None

    @property
    def is_empty(self) -> bool:
        """True when the record knows of no resource."""
        return self.identity is None and self.artifact is None and self.runtime is None


def now() -> str:
    """The time in UTC, ISO 8601 with seconds, such as `2026-11-23T03:00:00Z`."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Records:
    """The environments table.

    Args:
        dynamodb: A boto3 DynamoDB client.
        table_name: The table's name.
    """

    def __init__(self, dynamodb: Any, table_name: str) -> None:
        self._dynamodb = dynamodb
        self._table_name = table_name

    def get(self, environment: str) -> Record | None:
        """Read a record, strongly consistent; None when there is none."""
        answer = self._dynamodb.get_item(
            TableName=self._table_name, Key=_key(environment), ConsistentRead=True
        )
        return _read(answer["Item"]) if "Item" in answer else None

    def all(self) -> Iterator[Record]:
        """Read every record, page by page."""
        for page in self._dynamodb.get_paginator("scan").paginate(
            TableName=self._table_name, ConsistentRead=True
        ):
            yield from (_read(item) for item in page["Items"])

    def acquire(
        self,
        environment: str,
        execution: str,
        is_running: Callable[[str], bool],
        changes: dict[str, Any],
        *,
        must_exist: bool = False,
    ) -> Record | None:
        """Take the lock for an execution; take it over from an execution that no longer runs.

        Args:
            environment: Which environment.
            execution: ARN of the execution that takes it; taking it twice is fine.
            is_running: Tells whether the execution with an ARN still runs.
            changes: Sections and attributes that are written together with the lock.
            must_exist: Do not make a record where there is none.

        Returns:
            The record after the write; None when it does not exist and must.

        Raises:
            EnvironmentBusyError: Another execution holds the lock and runs.
        """
        stamp = now()
        lock = Lock(execution=execution, acquired_at=stamp)
        first = {"createdBy": execution, "createdAt": stamp}
        while True:
            held = self.get(environment)
            if held is None and must_exist:
                return None
            holder = held.lock.execution if held and held.lock else None
            if holder not in (None, execution) and is_running(str(holder)):
                raise EnvironmentBusyError(
                    f"environment '{environment}' is held by execution {holder}; wait until it ends, or stop it"
                )
            # Only the holder that was looked at may be replaced: of two takers one fails here and looks again.
            condition = (
                "attribute_not_exists(#lock)" if holder is None else "#lock.#execution = :holder"
            )
            if must_exist:
                condition += " AND attribute_exists(environment)"
            try:
                return self._write(
                    environment,
                    {**changes, "lock": lock, "updatedAt": stamp},
                    condition,
                    {":holder": holder} if holder else {},
                    first=first,
                )
            except _ConditionFailed:
                continue

    def adopt(self, environment: str, execution: str) -> bool:
        """Make a record, without a lock, for an environment that only its resources' tags give away.

        It has expired already, so that every sweep takes it until it is gone, whatever happens to this one.

        Args:
            environment: Which environment; one that has a record keeps it.
            execution: ARN of the execution that found it.

        Returns:
            False for one that has got a record in the meantime: somebody provisions it.
        """
        stamp = now()
        changes = {
            "state": "FAILED",
            "stateReason": "found by its tags, without a record",
            "expiresAt": int(time.time()),
            "createdBy": execution,
            "createdAt": stamp,
            "updatedAt": stamp,
        }
        try:
            self._write(environment, changes, "attribute_not_exists(environment)", {})
        except _ConditionFailed:
            return False
        return True

    def update(self, environment: str, execution: str, **changes: Any) -> Record:
        """Write sections or attributes (None removes one) while holding the lock.

        Args:
            environment: Which environment.
            execution: ARN of the execution that holds the lock.
            **changes: Attribute names of `Record` in snake_case, to models or plain values.

        Returns:
            The record after the write.

        Raises:
            LockLostError: The lock is no longer held by this execution.
        """
        values = {to_camel(name): value for name, value in changes.items()}
        try:
            return self._write(
                environment,
                {**values, "updatedAt": now()},
                "#lock.#execution = :holder",
                {":holder": execution},
            )
        except _ConditionFailed:
            raise _lost(environment, execution) from None

    def release(self, environment: str, execution: str, **changes: Any) -> bool:
        """Give the lock back, with last changes; False when it was not held (which is fine: it is gone)."""
        try:
            self.update(environment, execution, lock=None, **changes)
        except LockLostError:
            return False
        return True

    def delete(self, environment: str, execution: str) -> bool:
        """Remove the record, lock and all; False when this execution did not hold it."""
        try:
            self._dynamodb.delete_item(
                TableName=self._table_name,
                Key=_key(environment),
                ConditionExpression="#lock.#execution = :holder",
                ExpressionAttributeNames={"#lock": "lock", "#execution": "execution"},
                ExpressionAttributeValues={":holder": {"S": execution}},
            )
        except ClientError as error:
            if _is_condition(error):
                return False
            raise
        return True

    def _write(
        self,
        environment: str,
        changes: dict[str, Any],
        condition: str,
        values: dict[str, Any],
        first: dict[str, Any] | None = None,
    ) -> Record:
        names: dict[str, str] = {}
        sets: list[str] = []
        removes: list[str] = []
        attributes = {key: _SERIALIZER.serialize(value) for key, value in values.items()}
        for index, (name, value) in enumerate(changes.items()):
            names[f"#c{index}"] = name
            if value is None:
                removes.append(f"#c{index}")
            else:
                attributes[f":c{index}"] = _serialize(value)
                sets.append(f"#c{index} = :c{index}")
        for index, (name, value) in enumerate((first or {}).items()):
            names[f"#f{index}"] = name
            attributes[f":f{index}"] = _serialize(value)
            sets.append(f"#f{index} = if_not_exists(#f{index}, :f{index})")
        if "#lock" in condition:
            names["#lock"] = "lock"
        if "#execution" in condition:
            names["#execution"] = "execution"
        expression = (f"SET {', '.join(sets)}" if sets else "") + (
            f" REMOVE {', '.join(removes)}" if removes else ""
        )
        try:
            answer = self._dynamodb.update_item(
                TableName=self._table_name,
                Key=_key(environment),
                UpdateExpression=expression.strip(),
                ConditionExpression=condition,
                ExpressionAttributeNames=names,
                ExpressionAttributeValues=attributes,
                ReturnValues="ALL_NEW",
            )
        except ClientError as error:
            if _is_condition(error):
                raise _ConditionFailed from None
            raise
        return _read(answer["Attributes"])


class _ConditionFailed(Exception):  # noqa: N818 - a signal inside this file
    pass


def expiry(ttl_hours: float | None) -> int | None:
    """Seconds since the epoch when an environment made or rebuilt now expires; None for never."""
    return None if ttl_hours is None else int(time.time() + ttl_hours * 3600)


def _lost(environment: str, execution: str) -> LockLostError:
    return LockLostError(
        f"execution {execution} no longer holds environment '{environment}': another one took it over; "
        "look at that one and start again"
    )


def _is_condition(error: ClientError) -> bool:
    return bool(error.response["Error"]["Code"] == "ConditionalCheckFailedException")


def _key(environment: str) -> dict[str, Any]:
    return {"environment": {"S": environment}}


def _read(item: dict[str, Any]) -> Record:
    return Record.model_validate(
        {name: _plain(_DESERIALIZER.deserialize(value)) for name, value in item.items()}
    )


def _serialize(value: Any) -> Any:
    if isinstance(value, BaseModel):
        value = value.model_dump(mode="json", by_alias=True, exclude_none=True)
    return _SERIALIZER.serialize(_stored(value))


def _stored(value: Any) -> Any:
    # DynamoDB knows no binary floating point; the decimal text of a float is exact enough to read back the same one.
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, dict):
        return {key: _stored(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_stored(item) for item in value]
    return value


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value
