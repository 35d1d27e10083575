"""The endpoint `candidate`, on which a rollback tests a version before `live` moves to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from botocore.exceptions import ClientError

from lifecycle.errors import SmokeTestError
from lifecycle.names import CANDIDATE_ENDPOINT
from lifecycle.promotions.entry import Promoted
from lifecycle.promotions.store import PromotionItems, Provisioned
from lifecycle.record import Record
from lifecycle.runtime import agentcore
from lifecycle.runtime.agentcore import DEFAULT_ENDPOINT
from lifecycle.sections.identity import IdentityRecord
from lifecycle.sections.runtime import RuntimeRecord


def endpoint_under_test(runtime: RuntimeRecord, execution: str) -> str:
    """Which endpoint serves the version that an execution is to promote: `candidate`, or DEFAULT for a new version."""
    of = runtime.candidate
    return CANDIDATE_ENDPOINT if of is not None and of.execution == execution else DEFAULT_ENDPOINT


def proven_version(control: Any, runtime: RuntimeRecord, execution: str) -> str:
    """The version that an execution may promote: the one that passed its smoke test, and is still where it passed it.

    Raises:
        SmokeTestError: The endpoint is not there, or serves another version.
    """
    name = endpoint_under_test(runtime, execution)
    endpoint = agentcore.get_endpoint(control, str(runtime.id), name)
    if endpoint is None:
        raise SmokeTestError(
            f"GetAgentRuntimeEndpoint finds no endpoint {name} of {runtime.id}, so no version is proven; live does "
            "not move; retry the execution"
        )
    version = endpoint.get("liveVersion")
    if version is None or version != runtime.proven_version:
        raise SmokeTestError(
            f"version {version} on the endpoint {name} of {runtime.id} is not the one that passed its smoke test "
            f"({runtime.proven_version or 'none did'}); live does not move; retry the execution"
        )
    return str(version)


def provisioned_with(
    items: PromotionItems, environment: str, promotions: Sequence[Promoted], version: str
) -> Provisioned:
    """What the version on `candidate` was provisioned with.

    Raises:
        SmokeTestError: The record has lost it, so nobody knows how its callers sign in.
    """
    found = items.of_version(environment, promotions, version)
    if found is None or found.identity is None:
        raise SmokeTestError(
            f"the record no longer says what version {version} was provisioned with; live does not move; roll back to "
            "another version, or provision"
        )
    return found


def identity_of(
    provisioned: Provisioned, now: IdentityRecord | None, live: IdentityRecord | None
) -> IdentityRecord:
    """How callers of an earlier version sign in.

    Args:
        provisioned: What the version was provisioned with.
        now: The identity as it was provisioned last. Of the same user pool, it knows the secrets of today.
        live: That of `live`. For callers with IAM, the runtime is closed or open for all versions at once.
    """
    then = IdentityRecord.model_validate(provisioned.identity)
    if then.type == "iam" and live is not None and live.type == "iam":
        return then.model_copy(update={"only_gateway": live.only_gateway})
    if now is None or then.type != "cognito" or then.user_pool_id != now.user_pool_id:
        return then
    today: dict[str, Any] = {
        "secret_arns": then.secret_arns | now.secret_arns,
        "tagged_at": now.tagged_at,
    }
    if then.flow == now.flow:
        today["secret_version"] = now.secret_version
    return then.model_copy(update=today)


def answers_as_live(items: PromotionItems, record: Record, version: str) -> bool:
    """Whether an earlier version takes calls from where `live` does: from anywhere, or only from the same gateway.

    Args:
        items: What earlier versions were provisioned with.
        record: The environment's record.
        version: The earlier version.
    """
    then = items.of_version(record.environment, record.promotions, version)
    live = record.runtime.live_identity if record.runtime else None
    if then is None or live is None:
        return True
    if live.type == "iam" and (then.identity or {}).get("type") == "iam":
        # Not the version has the lock then, but the runtime.
        return True
    return (then.identity or {}).get("onlyGateway") == live.only_gateway


def clear(control: Any, runtime_id: str) -> bool:
    """Delete the endpoint.

    Returns:
        Whether it is gone. AgentCore takes its time, so this is called until it is.
    """
    endpoint = agentcore.get_endpoint(control, runtime_id, CANDIDATE_ENDPOINT)
    if endpoint is None:
        return True
    if endpoint["status"] != "DELETING":
        try:
            control.delete_agent_runtime_endpoint(
                agentRuntimeId=runtime_id, endpointName=CANDIDATE_ENDPOINT
            )
        except ClientError as error:
            if agentcore.is_not_found(error):
                return True
            if not agentcore.is_conflict(error):
                raise
    return False
