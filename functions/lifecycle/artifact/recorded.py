"""The artifact of a version that a rollback makes anew: as it was published then, if the stack still has it."""

from __future__ import annotations

from lifecycle.artifact.settings import PublicationSettings
from lifecycle.artifact.shared.pins import Pins
from lifecycle.artifact.shared.table import SharedArtifacts
from lifecycle.clients import Clients
from lifecycle.promotions.store import PromotionItems
from lifecycle.request.stage_event import StageEvent
from lifecycle.sections.artifact import ArtifactRecord
from lifecycle.table import Records


def recorded_artifact(
    event: StageEvent, clients: Clients, settings: PublicationSettings, records: Records
) -> ArtifactRecord | None:
    """Find the artifact of the version that a rollback goes back to.

    Nothing removes an artifact while an environment uses it, and an environment uses whatever it was provisioned with
    until its teardown.

    Args:
        event: The stage's event.
        clients: DynamoDB, S3 and ECR.
        settings: The stack's bucket, repository and artifacts table.
        records: The environments table.

    Returns:
        The artifact, published; None if no item pins it any more, or if the caller named its image. Then it is
        published from the request, as for a provision.
    """
    environment, version = event.request.environment, str(event.request.version)
    record = records.held(environment, event.execution)
    items = PromotionItems(clients.dynamodb, settings.table_name)
    then = items.of_version(environment, record.promotions, version)
    artifact = ArtifactRecord.model_validate(then.artifact) if then and then.artifact else None
    if artifact is None or artifact.source_hash is None:
        return None
    item = SharedArtifacts(clients.dynamodb, settings.artifacts_table_name).get(
        artifact.source_hash
    )
    if item is None or environment not in item.used_by or not item.is_pinned:
        return None
    pins = Pins(clients, settings)
    return artifact.model_copy(update=pins.fields(item)) if pins.still_there(item) else None
