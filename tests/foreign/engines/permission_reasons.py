"""Why a permission was refused in the tests on purpose, and why one that is granted is not seen there."""

from __future__ import annotations

EXPECTED_REFUSALS: tuple[tuple[str, str, str, str], ...] = ()
"""Owner of the role, action, pattern of the resource, and which test provokes the refusal."""

NOT_SEEN_HERE: dict[tuple[str, str], str] = {}
"""Owner of the role and action, and why the local AWS never asks for it, or which rare case needs it."""
