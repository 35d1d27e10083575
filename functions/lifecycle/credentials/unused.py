"""Which former credential providers nothing needs any more."""

from __future__ import annotations

from lifecycle.credentials.wanted import wanted_providers
from lifecycle.promotions.store import PromotionItems
from lifecycle.record import Record
from lifecycle.request.model import Request
from lifecycle.sections.credentials import CredentialsRecord, ProviderRecord


def unused_providers(
    section: CredentialsRecord,
    record: Record,
    stack: str,
    items: PromotionItems,
    *,
    promoted: bool,
) -> list[ProviderRecord]:
    """The former providers to remove: after the promotion all, before it those that `live` does not use.

    What a target of the gateway may have stays in any case: the gateway follows the promotion, and may have failed.

    Args:
        section: What is there.
        record: The environment's, which says what `live` serves.
        stack: The stack's name.
        items: What its versions were provisioned with.
        promoted: The version of the request is live.
    """
    used = set() if promoted else _used_by_live(record, stack, items)
    if used is None:
        return []
    mcp = record.gateway.mcp if record.gateway else None
    of_targets = mcp.providers if mcp else []
    return [one for one in section.former if one.name not in used and one.arn not in of_targets]


def _used_by_live(record: Record, stack: str, items: PromotionItems) -> set[str] | None:
    """The names of the providers that `live` may use; None if nobody knows what it was provisioned with."""
    runtime = record.runtime
    if runtime is None:
        return set()
    # A promotion that ended on its way may have moved `live` to a version that the record does not say yet.
    begun = runtime.promotion.version if runtime.promotion else None
    promotions = [one for one in record.promotions if one.runtime_id == runtime.id]
    used: set[str] = set()
    for version in {runtime.live_version, begun} - {None}:
        then = items.of_version(record.environment, promotions, str(version))
        if then is None:
            return None
        # The waits of an earlier request may be longer than today's limits.
        request = Request.model_validate({**then.request, "wait": {}})
        used |= {one.name for one in wanted_providers(request, record, stack).values()}
    return used
