"""The looks that pages are tried in: any two of theme, language and width meet in one of them."""

from __future__ import annotations

from typing import Any

PHONE = 390
DESKTOP = 1280

LOOKS: list[dict[str, Any]] = [
    {"theme": "light", "language": "en", "width": DESKTOP, "keyboard": True},
    {"theme": "dark", "language": "ja", "width": DESKTOP},
    {"theme": "light", "language": "ja", "width": PHONE},
    {"theme": "dark", "language": "en", "width": PHONE, "keyboard": True},
]
