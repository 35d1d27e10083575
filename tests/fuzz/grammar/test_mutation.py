"""What is made for a test is large, but fits into memory."""

from __future__ import annotations

import json
from typing import Any

from tests.fuzz.grammar.mutation import LARGEST, stretch


def most(_strategy: Any) -> int:
    """Stands in for a draw: the most that `stretch` can ask for."""
    return 1000


def test_a_document_that_is_stretched_again_and_again_stays_bounded() -> None:
    document: dict[str, Any] = {"": [{"text": "abc"}]}
    for held, key in ((document[""][0], "text"), (document[""], 0), (document, "")):
        stretch(most, held, key)
    size = len(json.dumps(document))
    assert LARGEST / 100 < size < 2 * LARGEST
