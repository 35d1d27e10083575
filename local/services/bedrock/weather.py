"""Tells whether a question is about the weather, and of which place."""

from __future__ import annotations

import re

_ABOUT = re.compile(
    r"天気|天候|気温|空模様|雨(?:は|が|降)|晴れ(?:ます|る|て)|weather|temperature|forecast|\brain|\bsunny\b",
    re.IGNORECASE,
)
_JAPANESE = re.compile(
    r"([一-龠々ァ-ヶーA-Za-z]{1,20})(?:の|は|で)(?:今|今日|明日|現在|週末)?の?(?:天気|天候|気温|空模様)"
)
_ENGLISH = re.compile(r"\b(?:in|at|for)\s+([A-Z][\w'-]*(?:\s+[A-Z][\w'-]*)*)")
# Words that stand where a place could stand.
_NO_PLACES = re.compile(
    r"今|[今明]日|明後日|現在|[今来]週|週末|外|現地|本日|Today|Tomorrow|\w+day|Celsius|Fahrenheit"
)


def about_weather(text: str) -> bool:
    """Say whether a question, in Japanese or English, asks for the weather."""
    return bool(_ABOUT.search(text))


def place_in(text: str) -> str | None:
    """Find the place a weather question asks about.

    Args:
        text: Such as `大阪の明日の天気は？` or `What is the weather in New York?`.

    Returns:
        The place as written, or `None` when the question names none.
    """
    for pattern in (_JAPANESE, _ENGLISH):
        for match in pattern.finditer(text):
            if not _NO_PLACES.fullmatch(match.group(1)):
                return match.group(1)
    return None
