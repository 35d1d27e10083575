"""The graph of an execution: the drawing of the documentation, with each state in the look of its status."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from urllib.parse import quote
from xml.sax.saxutils import escape, quoteattr

from markupsafe import Markup

from cli.graph.definition import machine_of
from cli.graph.scene import FONT_SIZE, Box, Scene
from cli.graph.svg import elements, text_at
from cli.graph.wiring import draw

_MARGIN = 12.0
_MARKS = {"done": "✓", "failed": "✕", "aborted": "■", "running": "▶", "waiting": "…"}


class _Looks:
    """The looks are classes, which the style sheet colours. A visited state leads to what is known of it."""

    def __init__(
        self, statuses: Mapping[str, str], selected: str | None, say: Callable[[str], str]
    ) -> None:
        self._statuses = statuses
        self._selected = selected
        self._say = say

    def box(self, box: Box) -> str:
        kind = box.style.split()[0]
        status = self._statuses.get(box.name, "unvisited")
        return f'class="box {kind} {status}{" selected" if box.name == self._selected else ""}"'

    def name(self, box: Box) -> str:
        return f'class="name {self._statuses.get(box.name, "unvisited")}"'

    def around(self, box: Box) -> tuple[str, str]:
        title = f"<title>{escape(box.note or box.name)}</title>"
        status = self._statuses.get(box.name)
        if status is None:
            return f"<g>{title}", "</g>"
        # The mark at the corner says the status without colour.
        x, y = box.left + 4, box.top + 2
        mark = f'<circle class="ground {status}" cx="{x:.1f}" cy="{y:.1f}" r="8"/>' + text_at(
            x, y, _MARKS[status], size=10, look=f'class="mark {status}" aria-hidden="true"'
        )
        address = quoteattr(f"?state={quote(box.name)}#state")
        label = quoteattr(f"{box.name}: {self._say(status)}")
        return f"<a href={address} aria-label={label}>{title}", f"{mark}</a>"

    def line(self, style: str) -> str:
        return f'class="line {style}" fill="none"'

    def head(self, style: str) -> str:
        return f'class="head {style}"'

    def label(self, anchor: str) -> tuple[str, ...]:
        return tuple(f'class="{name}" text-anchor="{anchor}"' for name in ("halo", "word"))


def picture(
    definition: str,
    statuses: Mapping[str, str],
    selected: str | None,
    title: str,
    say: Callable[[str], str],
) -> Markup:
    """Draw an execution.

    Args:
        definition: JSON text of the state machine's definition.
        statuses: The status of each state that was entered, by its name.
        selected: The state that the page shows.
        title: Says what the picture shows.
        say: Returns the word for a status.

    Returns:
        An element of SVG with classes for all colours.
    """
    scene, width, height = _scene(definition)
    parts = elements(scene, _Looks(statuses, selected, say))
    return Markup(  # noqa: S704 - every text in it is escaped where it is drawn
        f'<svg class="graph" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
        f'height="{height:.0f}" role="group" aria-label={quoteattr(title)} font-size="{FONT_SIZE:g}">'
        f"{''.join(parts)}</svg>"
    )


@lru_cache(maxsize=4)
def _scene(definition: str) -> tuple[Scene, float, float]:
    scene = draw(machine_of(json.loads(definition)))
    left, top, right, bottom = scene.extent()
    moved = scene.moved(_MARGIN - left, _MARGIN - top)
    return moved, right - left + 2 * _MARGIN, bottom - top + 2 * _MARGIN
