"""What `lifecycle show` says of an environment: an object for programs, from which the text for people is made.

It has names of secrets, never what is in them, and nothing of the request, which may have confidential values.
"""

from __future__ import annotations

from typing import Any

from cli.environments.gateway import gateway_of
from cli.environments.moments import iso
from cli.environments.summary import last_smoke_test
from lifecycle.record import Record
from lifecycle.sections.artifact import ArtifactRecord
from lifecycle.sections.canary import CanaryRecord
from lifecycle.sections.identity import IdentityRecord
from lifecycle.sections.runtime import RuntimeRecord

_SIGN_IN = (
    "type",
    "flow",
    "userPoolId",
    "clientId",
    "domain",
    "scope",
    "discoveryUrl",
    "allowedClients",
    "allowedAudience",
    "allowedScopes",
)


def view(record: Record, invocation_url: str | None) -> dict[str, Any]:
    """Return what there is to say of an environment.

    Args:
        record: The environment's record.
        invocation_url: Where `live` is called; `None` if nothing is live.

    Returns:
        `environment`, `state`, `stateReason`, `createdAt`, `updatedAt`, `expiresAt`, `lock`, `runtime`, `identity`,
        `artifact`, `smokeTest`, `gateway`, `canary` (while calls are split), `credentials`, `promotions` (the newest
        first) and `lastFailure`; null where there is nothing.
    """
    runtime = record.runtime
    signing_in = (runtime.live_identity if runtime else None) or record.identity
    return {
        "environment": record.environment,
        "state": record.state,
        "createdAt": record.created_at,
        "updatedAt": record.updated_at,
        "expiresAt": iso(record.expires_at),
        "lock": record.lock.model_dump(by_alias=True) if record.lock else None,
        "runtime": _runtime(runtime, invocation_url) if runtime else None,
        "identity": _identity(signing_in) if signing_in else None,
        "artifact": _artifact(record.artifact) if record.artifact else None,
        "smokeTest": last_smoke_test(
            runtime.proven_version if runtime else None, runtime.failed_version if runtime else None
        ),
        "gateway": _gateway(record),
        "canary": _canary(record.canary) if record.canary else None,
        "credentials": [
            {"name": name, "type": one.type, "provider": one.name, "arn": one.arn}
            for name, one in (record.credentials.providers.items() if record.credentials else ())
        ],
        "promotions": [
            {"version": one.version, "promotedAt": one.promoted_at, "execution": one.execution}
            for one in reversed(record.promotions)
            if runtime and one.runtime_id == runtime.id
        ],
        "lastFailure": _last_failure(record),
    }


def _runtime(runtime: RuntimeRecord, invocation_url: str | None) -> dict[str, Any]:
    return {
        "name": runtime.name,
        "id": runtime.id,
        "arn": runtime.arn,
        "version": runtime.version,
        "liveVersion": runtime.live_version,
        "liveEndpointArn": runtime.live_endpoint_arn,
        "invocationUrl": invocation_url,
    }


def _identity(identity: IdentityRecord) -> dict[str, Any]:
    known = identity.model_dump(by_alias=True)
    return {
        **{name: known[name] for name in _SIGN_IN},
        # Where the caller's credentials are.
        "secretArn": identity.secret_arn or identity.token_secret_arn,
    }


def _artifact(artifact: ArtifactRecord) -> dict[str, Any]:
    _, at, digest = (artifact.container_uri or "").rpartition("@")
    return {
        "type": artifact.type,
        "given": artifact.given,
        "digest": artifact.image_digest or (digest if at else None),
        "containerUri": artifact.container_uri,
        "bucket": artifact.bucket,
        "key": artifact.key,
        "versionId": artifact.version_id,
        "sourceHash": artifact.source_hash,
    }


def _gateway(record: Record) -> dict[str, Any] | None:
    found = gateway_of(record)
    if found is None:
        return None
    return {
        "type": found["type"],
        "id": found["id"],
        "endpoint": found["endpoint"],
        "targets": found["targets"],
        "proven": found["passed"] is True,
        "only": _is_closed(record),
    }


def _is_closed(record: Record) -> bool:
    live = record.runtime.live_identity if record.runtime else None
    return live is not None and live.only_gateway is not None


def _canary(canary: CanaryRecord) -> dict[str, Any]:
    return {
        "execution": canary.execution,
        "version": canary.version,
        "liveVersion": canary.live_version,
        "weight": canary.weight,
    }


def _last_failure(record: Record) -> dict[str, Any] | None:
    """Return the last failure that the record still knows: of an execution, else of a smoke test."""
    runtime, failed = record.runtime, record.failed_smoke_test
    of_test = runtime is not None and runtime.failed_version is not None
    reason = record.state_reason or (runtime.failed_reason if runtime and of_test else None)
    if reason is None:
        return None
    return {
        "reason": reason,
        "version": runtime.failed_version if runtime else None,
        "smokeTestExecution": failed.execution if failed and of_test else None,
    }
