"""Write into the record whether a version passed its smoke test. Only a version that passed is promoted."""

from __future__ import annotations

from typing import Any

from lifecycle.names import CANDIDATE_ENDPOINT, LIVE_ENDPOINT
from lifecycle.promotions.entry import MOST
from lifecycle.record import FailedSmokeTest
from lifecycle.sections.runtime import RuntimeRecord
from lifecycle.table import Records


def write_passed(
    records: Records,
    environment: str,
    execution: str,
    runtime: RuntimeRecord,
    endpoint: str,
    version: str | None,
) -> None:
    """Note that a version passed; writes only what changes.

    Args:
        records: The environments' records.
        environment: Which environment.
        execution: ARN of the execution that holds its lock.
        runtime: The runtime section, as it was read.
        endpoint: The endpoint that was tested.
        version: The version that it serves.

    Raises:
        LockLostError: Another execution took the environment over.
    """
    changes: dict[str, Any] = {}
    if endpoint != LIVE_ENDPOINT:
        changes["proven_version"] = version
    # A test of `live` that passes says nothing about a newer version that failed.
    if endpoint != LIVE_ENDPOINT or runtime.failed_version == version:
        changes |= {"failed_version": None, "failed_reason": None}
    # What passes now shows that what fails on `candidate` does not fail for a reason outside of it.
    left = [one for one in runtime.failed_candidates if one != version]
    changes["failed_candidates"] = left if endpoint == CANDIDATE_ENDPOINT else []
    passed = runtime.model_copy(update=changes)
    if passed != runtime:
        records.update(environment, execution, runtime=passed)


def write_failed(
    records: Records,
    environment: str,
    execution: str,
    runtime: RuntimeRecord,
    version: str | None,
    reason: str,
    report: dict[str, Any],
    *,
    of_version: bool,
    **changes: Any,
) -> None:
    """Note that a version failed, and keep its report: a stage that fails returns nothing.

    Args:
        records: The environments' records.
        environment: Which environment.
        execution: ARN of the execution that holds its lock.
        runtime: The runtime section, with what else changes in it.
        version: The version that failed.
        reason: Why, on one line.
        report: The smoke test as the output shows it.
        of_version: The version itself is bad, not what is around it.
        **changes: Other sections to write, as for `Records.update`.

    Raises:
        LockLostError: Another execution took the environment over.
    """
    failed = runtime.model_copy(update={"failed_version": version, "failed_reason": reason})
    if of_version and version is not None and report.get("endpoint") == CANDIDATE_ENDPOINT:
        others = [one for one in runtime.failed_candidates if one != version]
        failed.failed_candidates = [*others, version][-MOST:]
    kept = FailedSmokeTest(execution=execution, report=report, of_version=of_version)
    records.update(environment, execution, runtime=failed, failed_smoke_test=kept, **changes)
