"""Close a runtime to everybody but one role, repair that, and open it again; each is recorded before it is done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from lifecycle.entry import refused_call
from lifecycle.errors import GatewayError, ServiceUnavailableError
from lifecycle.runtime.guard import calls
from lifecycle.runtime.guard.document import digest_of, is_policy, policy_for
from lifecycle.sections.runtime import Guard, RuntimeRecord

Save = Callable[[bool], None]
"""Writes the runtime's section; the argument says whether the stage changes nothing after it."""


def close(
    control: Any,
    runtime: RuntimeRecord,
    role_arn: str,
    save: Save,
    repair: Callable[[str], None],
    *,
    execution: str,
) -> bool:
    """Make the resource policy, or repair it.

    A read may show what was there before a change. So the policy is written unless the record, too, says that it was;
    and what this execution took the place of is no drift when it is shown again.

    Args:
        control: AgentCore's control plane.
        runtime: The runtime's section of the record, with its ARN.
        role_arn: The role of its gateway, which is there.
        save: Writes the section.
        repair: Takes what was found changed by hand, one phrase.
        execution: ARN of the execution that closes the runtime.

    Returns:
        Whether the policy was written.

    Raises:
        GatewayError: The runtime has a policy that the lifecycle did not write.
        ServiceUnavailableError: AgentCore does not see the role yet.
    """
    arn = str(runtime.arn)
    wanted = policy_for(arn, role_arn)
    found = _own_policy(control, runtime, wanted)
    known = _known(runtime)
    if _is_done(known, role_arn, found, wanted):
        return False
    replaced, shown = digest_of(found), found is not None and is_policy(found, wanted)
    if known is not None and known.execution == execution and (shown or replaced == known.replaced):
        # Its own write is not shown yet, or was not answered.
        replaced = known.replaced
    elif not shown:
        _note_drift(known, role_arn, found, repair)
    done = Guard(
        runtime_arn=arn, role_arn=role_arn, written=True, execution=execution, replaced=replaced
    )
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


def refuse_foreign(control: Any, runtime: RuntimeRecord, role_arn: str) -> None:
    """Look before anything is changed whether the runtime could be closed.

    Raises:
        GatewayError: The runtime has a policy that the lifecycle did not write.
    """
    if runtime.arn is not None:
        _own_policy(control, runtime, policy_for(runtime.arn, role_arn))


def differs(
    control: Any, runtime: RuntimeRecord, role_arn: str, repair: Callable[[str], None]
) -> bool:
    """Tell whether the policy would be written; for a plan, which only reads. For the arguments see `close`."""
    arn = str(runtime.arn)
    if not arn.startswith("arn:"):
        # The plan's runtime is not made yet.
        return True
    wanted = policy_for(arn, role_arn)
    found, known = _own_policy(control, runtime, wanted), _known(runtime)
    if _is_done(known, role_arn, found, wanted):
        return False
    if found is None or not is_policy(found, wanted):
        _note_drift(known, role_arn, found, repair)
    return True


def reopen(control: Any, runtime: RuntimeRecord, save: Save) -> None:
    """Delete the resource policy that the record lists; without one there is nothing to do.

    Raises:
        ServiceUnavailableError: AgentCore says that there is no policy, and still shows it.
    """
    guard = runtime.guard
    if guard is None:
        return
    save(False)
    arn = guard.runtime_arn
    if not calls.delete_policy(control, arn) and calls.get_policy(control, arn) is not None:
        # Taken out of the record, it would refuse every call from now on, and look like somebody else's.
        raise ServiceUnavailableError(
            f"AgentCore did not find the resource policy of {arn} to delete it, and still shows the resource policy; "
            "the lifecycle retries this step"
        )
    runtime.guard = None
    save(True)


def _is_done(known: Guard | None, role_arn: str, found: str | None, wanted: dict[str, Any]) -> bool:
    """Whether both the record and AgentCore say that the policy is there: a read may still show a deleted one."""
    is_recorded = known is not None and known.written and known.role_arn == role_arn
    return is_recorded and found is not None and is_policy(found, wanted)


def _note_drift(
    known: Guard | None, role_arn: str, found: str | None, repair: Callable[[str], None]
) -> None:
    """Say what was done by hand to a policy that was written as it is wanted."""
    if known is not None and known.written and known.role_arn == role_arn:
        what = "removed" if found is None else "changed"
        repair(f"the runtime's resource policy was {what}")


def _known(runtime: RuntimeRecord) -> Guard | None:
    """What the record has of the policy of this runtime; a runtime that was made anew has none."""
    guard = runtime.guard
    return guard if guard is not None and guard.runtime_arn == runtime.arn else None


def _own_policy(control: Any, runtime: RuntimeRecord, wanted: dict[str, Any]) -> str | None:
    """The policy that the runtime has, if the lifecycle may have written it; None if it has none."""
    arn = str(runtime.arn)
    found = calls.get_policy(control, arn)
    if found is not None and _known(runtime) is None and not is_policy(found, wanted):
        raise GatewayError(
            f"the runtime {arn} has a resource policy that the lifecycle did not write, and closing the runtime would "
            "take its place; delete the policy, or provision without gateway.only"
        )
    return found


def _names_nobody(error: ClientError) -> bool:
    """Whether an error says that a principal is not known. Its words are not documented."""
    details = error.response["Error"]
    refused = details["Code"] == "ValidationException"
    return refused and "principal" in details.get("Message", "").lower()
