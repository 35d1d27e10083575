"""Records as the lifecycle leaves them."""

from __future__ import annotations

from typing import Any

from lifecycle.promotions.entry import Promoted
from lifecycle.record import FailedSmokeTest, Lock, Record
from lifecycle.sections.artifact import ArtifactRecord
from lifecycle.sections.identity import IdentityRecord
from lifecycle.sections.runtime import RuntimeRecord

EXECUTION = "arn:aws:states:us-east-1:123456789012:execution:lifecycle"
RUNTIME = "stack_dev-0123456789"
CONFIDENTIAL = "only-for-the-agent"


def promoted(version: str, runtime_id: str = RUNTIME) -> Promoted:
    return Promoted(
        version=version,
        runtime_id=runtime_id,
        promoted_at=f"2026-11-2{version}T02:00:00Z",
        execution=f"{EXECUTION}:cli-2026112{version}-020000-4f2a9c",
        slot=0,
        digest="d",
    )


def ready(name: str = "dev", **changes: Any) -> Record:
    """An environment with version 2 live, after version 1."""
    record = Record(
        environment=name,
        state="READY",
        created_at="2026-11-21T02:00:00Z",
        request={"runtime": {"environmentVariables": {"KEY": CONFIDENTIAL}}},
        identity=IdentityRecord(
            type="cognito",
            flow="password",
            user_pool_id="us-east-1_pool",
            client_id="client",
            allowed_clients=["client"],
            secret_arns={"password": "arn:aws:secretsmanager:us-east-1:1:secret:stack/dev/p-1"},
        ),
        artifact=ArtifactRecord(
            type="container", image_digest="sha256:abc", container_uri="repository@sha256:abc"
        ),
        runtime=RuntimeRecord(
            name="stack_dev",
            id=RUNTIME,
            arn=f"arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/{RUNTIME}",
            version="2",
            live_version="2",
            proven_version="2",
        ),
        promotions=[promoted("1", "an-older-runtime"), promoted("1"), promoted("2")],
    )
    return record.model_copy(update=changes)


def failed(name: str) -> Record:
    """An environment whose first version failed its smoke test."""
    runtime = RuntimeRecord(
        name=f"stack_{name}", id="r", version="1", failed_version="1", failed_reason="it was silent"
    )
    return ready(
        name,
        state="FAILED",
        state_reason="SmokeTestError: it was silent",
        promotions=[],
        runtime=runtime,
        failed_smoke_test=FailedSmokeTest(execution=f"{EXECUTION}:cli-failed", report={}),
    )


def locked(name: str) -> Record:
    """An environment that an execution works on, and that expires."""
    lock = Lock(execution=f"{EXECUTION}:cli-works", acquired_at="2026-11-23T02:00:00Z")
    return ready(name, state="PROVISIONING", lock=lock, expires_at=4_000_000_000)
