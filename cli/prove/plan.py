"""The claims, in the order in which they are proved. To add one, write its module and add it here."""

from __future__ import annotations

from cli.prove.claims import (
    client_credentials,
    code,
    container,
    failed,
    fleet,
    iam,
    platform,
    promotion,
    refusals,
    teardown,
    unchanged,
)
from cli.prove.claims.claim import Claim

CLAIMS: tuple[Claim, ...] = (
    container.CLAIM,
    unchanged.CLAIM,
    refusals.CLAIM,
    code.CLAIM,
    client_credentials.CLAIM,
    iam.CLAIM,
    platform.CLAIM,
    failed.CLAIM,
    promotion.CLAIM,
    fleet.CLAIM,
    teardown.CLAIM,
)
"""Later claims use what earlier ones made."""
