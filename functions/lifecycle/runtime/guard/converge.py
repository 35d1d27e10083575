"""Close a runtime to everybody but one role, repair that, and open it again; each is recorded before it is done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from lifecycle.entry import refused_call
from lifecycle.errors import GatewayError, ServiceUnavailableError
from lifecycle.runtime.guard import calls
from lifecycle.runtime.guard.document import is_policy, policy_for
from lifecycle.sections.runtime import Guard, RuntimeRecord

Save = Callable[[bool], None]
"""Writes the runtime's section; the argument says whether the stage changes nothing after it."""


def close(
    control: Any,
    runtime: RuntimeRecord,
    role_arn: str,
    save: Save,
    repair: Callable[[str], None],
) -> bool:
    """Make the resource policy, or repair it.

    Args:
        control: AgentCore's control plane.
        runtime: The runtime's section of the record, with its ARN.
        role_arn: The role of its gateway, which is there.
        save: Writes the section.
        repair: Takes what was found changed by hand, one phrase.

    Returns:
        Whether the policy was written.

    Raises:
        GatewayError: The runtime has a policy that the lifecycle did not write.
        ServiceUnavailableError: AgentCore does not see the role yet.
    """
    arn = str(runtime.arn)
    wanted = policy_for(arn, role_arn)
    found = calls.get_policy(control, arn)
    known = runtime.guard if runtime.guard and runtime.guard.runtime_arn == arn else None
    done = Guard(runtime_arn=arn, role_arn=role_arn, written=True)
    if found is not None and is_policy(found, wanted):
        if known != done:
            runtime.guard = done
            save(True)
        return False
    if known is None and found is not None:
        raise GatewayError(
            f"the runtime {arn} has a resource policy that the lifecycle did not write, and closing the runtime would "
            "take its place; delete the policy, or provision without gateway.only"
        )
    if known is not None and known.written and known.role_arn == role_arn:
        what = "removed" if found is None else "changed"
        repair(f"the runtime's resource policy was {what}")
    runtime.guard = done.model_copy(update={"written": known is not None and known.written})
    save(False)
    try:
        calls.put_policy(control, arn, wanted)
    except ClientError as error:
        if not _names_nobody(error):
            raise
        raise ServiceUnavailableError(
            f"AgentCore does not see the role {role_arn} yet ({refused_call(error)}); the lifecycle retries this step"
        ) from error
    runtime.guard = done
    save(True)
    return True


def differs(control: Any, runtime: RuntimeRecord, role_arn: str) -> bool:
    """Tell whether the policy would be written; for a plan, which only reads."""
    arn = str(runtime.arn)
    found = calls.get_policy(control, arn) if arn.startswith("arn:") else None
    return found is None or not is_policy(found, policy_for(arn, role_arn))


def reopen(control: Any, runtime: RuntimeRecord, save: Save) -> None:
    """Delete the resource policy that the record lists; without one there is nothing to do."""
    guard = runtime.guard
    if guard is None:
        return
    save(False)
    calls.delete_policy(control, guard.runtime_arn)
    runtime.guard = None
    save(True)


def _names_nobody(error: ClientError) -> bool:
    """Whether an error says that a principal is not known. Its words are not documented."""
    details = error.response["Error"]
    refused = details["Code"] == "ValidationException"
    return refused and "principal" in details.get("Message", "").lower()
