"""What would happen to the credential providers and the agent's role: the stage's own code, which only reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lifecycle.credentials import calls
from lifecycle.credentials.deploy import CredentialsEvent, CredentialsSettings, converge
from lifecycle.plan.drafts import DraftRecords
from lifecycle.plan.output import PlannedCredentials
from lifecycle.plan.reading import Answer, ReadingClients, unmade
from lifecycle.request.stage_event import StageEvent


def credentials_answers() -> dict[str, dict[str, Answer]]:
    """The answers to the calls that would change providers or roles, for `ReadingClients`."""

    def nothing(_: Mapping[str, Any]) -> dict[str, Any]:
        return {}

    def provider(_: Mapping[str, Any]) -> dict[str, Any]:
        return {"credentialProviderArn": unmade("the credential provider")}

    def ready(_: Mapping[str, Any]) -> dict[str, Any]:
        return {"status": calls.READY}

    of_providers = (
        "delete_api_key_credential_provider",
        "delete_oauth2_credential_provider",
    )
    of_roles = (
        "attach_role_policy",
        "delete_role",
        "delete_role_policy",
        "detach_role_policy",
        "put_role_permissions_boundary",
        "put_role_policy",
        "tag_role",
        "untag_role",
        "update_assume_role_policy",
    )
    return {
        "agentcore_control": {
            "create_api_key_credential_provider": provider,
            "create_oauth2_credential_provider": provider,
            "update_api_key_credential_provider": ready,
            "update_oauth2_credential_provider": ready,
            **dict.fromkeys(of_providers, nothing),
        },
        "iam": {
            "create_role": lambda _: {"Role": {"Arn": unmade("the agent's role")}},
            **dict.fromkeys(of_roles, nothing),
        },
    }


def plan_credentials(
    event: StageEvent,
    clients: ReadingClients,
    records: DraftRecords,
    settings: CredentialsSettings,
) -> PlannedCredentials | None:
    """Let the stage run, and tell what it would have done.

    Args:
        event: The execution and its request.
        clients: With the answers of `credentials_answers`.
        records: The record; afterwards with the providers and the role as they would be.
        settings: The stack, and what its roles have.

    Returns:
        What would happen; None when there are no credentials and none are asked for, without a call.

    Raises:
        LifecycleError: As `deploy_credentials`.
    """
    record = records.draft
    there = record.credentials
    if not event.request.credentials:
        if there is None:
            return None
        listed = [*there.providers.values(), *there.former]
        role = [f"role {there.role.name}"] if there.role else []
        return PlannedCredentials(
            change="remove", removes=[*(calls.label(one) for one in listed), *role]
        )
    before = len(clients.acts)
    asked = CredentialsEvent(execution=event.execution, request=event.request)
    result = converge(
        *(asked, clients, records, record, settings), remove=lambda *_: True
    ).credentials
    acts = {act.operation for act in clients.acts[before:]}
    section = records.draft.credentials
    made = {f"create_{kind}_credential_provider" for kind in ("api_key", "oauth2")} & acts
    return PlannedCredentials(
        change="create" if made else "update" if acts else "unchanged",
        providers=[one.provider for one in result.providers] if result else [],
        repaired=result.repaired if result else [],
        removes=[calls.label(one) for one in section.former] if section else [],
    )
