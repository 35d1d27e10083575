"""How a caller gets a token."""

from __future__ import annotations

from typing import Literal

Flow = Literal["password", "clientCredentials"]
"""How a caller of a Cognito environment gets a token."""
