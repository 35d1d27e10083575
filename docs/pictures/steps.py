"""Draws the five steps of a lifecycle in one row: the small picture of the README, in each of its languages.

Its colours are fixed and its ground is its own, so that it reads the same on light and dark pages in every viewer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cli.graph.scene import text_width
from docs.pictures.svg import document, text_at

WIDTH, HEIGHT = 800.0, 160.0

_TOP, _BOTTOM = 26.0, 104.0
_MIDDLE = (_TOP + _BOTTOM) / 2
_MARGIN, _GAP = 22.0, 26.0
_BOX = (WIDTH - 2 * _MARGIN - 4 * _GAP) / 5
_NAME_SIZE, _NOTE_SIZE = 14.0, 11.5
_INK, _SOFT, _LINE = "#1f2328", "#59636e", "#6e7781"
_TASK, _GATE, _GOOD, _END = (
    ("#eef4fd", "#4678b8"),
    ("#fff6dd", "#b58a24"),
    ("#e3f5e7", "#2d8044"),
    ("#f4f5f7", "#6e7781"),
)


@dataclass(frozen=True)
class Step:
    """One of the five.

    Attributes:
        states: The states of the definition that do its work.
        names: What stands in its box, in English and Japanese; two names stand side by side in time.
        note: The lines below its box, in English and Japanese.
        colours: Fill and edge.
        optional: Whether it is done only when it is asked for.
    """

    states: tuple[str, ...]
    names: dict[str, tuple[str, ...]]
    note: dict[str, tuple[str, str]]
    colours: tuple[str, str] = _TASK
    optional: bool = False


STEPS = (
    Step(
        ("Provision the identity", "Publish the artifact"),
        {"en": ("Identity", "Artifact"), "ja": ("認証基盤", "アーティファクト")},
        {
            "en": ("set up sign-in,", "build the agent"),
            "ja": ("サインインの準備と", "エージェントのビルド"),
        },
    ),
    Step(
        ("Deploy the runtime", "Check the runtime"),
        {"en": ("Runtime",), "ja": ("ランタイム",)},
        {
            "en": ("create or update it,", "wait until it is ready"),
            "ja": ("作成または更新し、", "準備完了まで待機"),
        },
    ),
    Step(
        ("Run the smoke test",),
        {"en": ("Smoke test",), "ja": ("スモークテスト",)},
        {
            "en": ("no token: refused", "valid token: answered"),
            "ja": ("トークンなし：拒否", "有効なトークン：応答"),
        },
        _GATE,
    ),
    Step(
        ("Promote the version",),
        {"en": ("Promote",), "ja": ("昇格",)},
        {
            "en": ("switch “live” to", "the tested version"),
            "ja": ("live を合格した", "バージョンに切り替え"),
        },
        _GOOD,
    ),
    Step(
        ("Delete the runtime", "Delete the identity", "Delete the artifact"),
        {"en": ("Teardown",), "ja": ("削除",)},
        {
            "en": ("only on request:", "remove everything"),
            "ja": ("指定したときだけ、", "すべてを削除"),
        },
        _END,
        optional=True,
    ),
)

TITLES = {
    "en": "Five steps: identity and artifact in parallel, runtime, smoke test, promote, and teardown on request",
    "ja": "5 つのステップ：認証基盤とアーティファクト（並列）、ランタイム、スモークテスト、昇格、削除（指定時のみ）",
}


def draw(language: str) -> str:
    """Draw the picture.

    Args:
        language: `en` or `ja`.

    Returns:
        The text of an SVG file of 800 by 160 pixels.

    Raises:
        ValueError: A text is wider than its place.
    """
    return document(WIDTH, HEIGHT, TITLES[language], _parts(language))


def _parts(language: str) -> Iterator[str]:
    for index, step in enumerate(STEPS):
        left = _MARGIN + index * (_BOX + _GAP)
        middle = left + _BOX / 2
        if index:
            yield from _arrow(left, step.optional)
        names = step.names[language]
        space = 10.0 if len(names) > 1 else 0.0
        height = (_BOTTOM - _TOP - space * (len(names) - 1)) / len(names)
        for row, name in enumerate(names):
            y = _TOP + row * (height + space)
            yield _box(step, left, y, height)
            _fits(name, _NAME_SIZE, _BOX - 12)
            look = f'fill="{_INK}" font-weight="600"'
            yield text_at(middle, y + height / 2, name, size=_NAME_SIZE, look=look)
        for row, line in enumerate(step.note[language]):
            _fits(line, _NOTE_SIZE, _BOX + _GAP)
            y = _BOTTOM + 17 + row * 16
            yield text_at(middle, y, line, size=_NOTE_SIZE, look=f'fill="{_SOFT}"')


def _box(step: Step, left: float, top: float, height: float) -> str:
    fill, edge = step.colours
    dashed = ' stroke-dasharray="5 4"' if step.optional else ""
    return (
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{_BOX:.1f}" height="{height:.1f}" rx="8" '
        f'fill="{fill}" stroke="{edge}" stroke-width="1.4"{dashed}/>'
    )


def _arrow(tip: float, dashed: bool) -> Iterator[str]:
    dashes = ' stroke-dasharray="4 3"' if dashed else ""
    start, end = tip - _GAP + 3, tip - 3
    yield (
        f'<path d="M{start:.1f} {_MIDDLE:.1f} H{end - 7:.1f}" fill="none" stroke="{_LINE}" '
        f'stroke-width="1.6"{dashes}/>'
    )
    points = f"{end:.1f},{_MIDDLE:.1f} {end - 8:.1f},{_MIDDLE - 4.5:.1f} {end - 8:.1f},{_MIDDLE + 4.5:.1f}"
    yield f'<polygon points="{points}" fill="{_LINE}"/>'


def _fits(text: str, size: float, room: float) -> None:
    wide = sum(ord(character) > 0x2E80 for character in text)
    narrow = "".join(character for character in text if ord(character) <= 0x2E80)
    if wide * size + text_width(narrow, size) > room:
        raise ValueError(f"{text!r} is wider than its place")
