"""Draws a scene as elements of SVG; a `Paint` says how they look."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol
from xml.sax.saxutils import escape

from cli.graph.scene import FONT_SIZE, SMALL_FONT_SIZE, Box, Label, Point, Scene, Wire

_CORNER = 8.0
_NOTCH = 14.0
_ARROW = 7.0


class Paint(Protocol):
    """How the elements look; what it returns is markup, with all texts escaped."""

    def box(self, box: Box) -> str:
        """Return the attributes of a box's shape."""

    def name(self, box: Box) -> str:
        """Return the attributes of a box's name."""

    def around(self, box: Box) -> tuple[str, str]:
        """Return what opens and what closes the group of a box."""

    def line(self, style: str) -> str:
        """Return the attributes of a wire's line."""

    def head(self, style: str) -> str:
        """Return the attributes of a wire's head."""

    def label(self, anchor: str) -> tuple[str, ...]:
        """Return the attributes of a wire's word, for each of the copies that lie over each other."""


def text_at(x: float, y: float, text: str, *, size: float = FONT_SIZE, look: str) -> str:
    """Return a line of text whose middle is at a height.

    Args:
        x: Where it is anchored, in the middle unless `look` says `text-anchor`.
        y: The height of its middle.
        text: What it says.
        size: Of the font, in pixels.
        look: Further attributes.
    """
    # Not every viewer knows `dominant-baseline`: the middle of a letter is about a third of its size over its foot.
    anchor = "" if "text-anchor" in look else ' text-anchor="middle"'
    return (
        f'<text x="{x:.1f}" y="{y + size * 0.35:.1f}" font-size="{size:g}"{anchor} {look}>'
        f"{escape(text)}</text>"
    )


def elements(scene: Scene, paint: Paint) -> Iterator[str]:
    """Draw a scene. Boxes lie over wires, and an inner scene over its container."""
    for wire in sorted(scene.wires, key=lambda w: w.style != "way"):
        yield from _wire(wire, paint)
    for box in scene.boxes:
        yield from _box(box, paint)
        for inner in box.inner:
            yield from elements(inner, paint)
    for label in scene.labels:
        yield _label(label, paint)


def _box(box: Box, paint: Paint) -> Iterator[str]:
    opened, closed = paint.around(box)
    yield opened
    kind = box.style.split()[0]
    x, y, w, h = box.left, box.top, box.width, box.height
    if kind == "choice":
        corners = [
            (x + _NOTCH, y),
            (x + w - _NOTCH, y),
            (x + w, box.y),
            (x + w - _NOTCH, y + h),
            (x + _NOTCH, y + h),
            (x, box.y),
        ]
        points = " ".join(f"{px:.1f},{py:.1f}" for px, py in corners)
        yield f'<polygon {paint.box(box)} points="{points}"/>'
    else:
        radius = {"succeed": h / 2, "fail": h / 2, "wait": h / 2, "container": 12.0}.get(kind, 7.0)
        yield (
            f'<rect {paint.box(box)} x="{x:.1f}" y="{y:.1f}" width="{w:.1f}" height="{h:.1f}" '
            f'rx="{radius:.1f}"/>'
        )
    size = SMALL_FONT_SIZE + 1 if kind in ("wait", "pass", "succeed") else FONT_SIZE
    text_y = y + 20 if box.inner else box.y
    yield text_at(box.x, text_y, box.name, size=size, look=paint.name(box)) + closed


def _wire(wire: Wire, paint: Paint) -> Iterator[str]:
    points = list(wire.points)
    if wire.arrow:
        end, towards = points[-1], _direction(points[-2], points[-1])
        yield _head(end, towards, paint.head(wire.style))
        points[-1] = (end[0] - towards[0] * _ARROW, end[1] - towards[1] * _ARROW)
    yield f'<path {paint.line(wire.style)} d="{_path(points)}"/>'


def _path(points: list[Point]) -> str:
    """Return a line with round corners."""
    d = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        radius = min(_CORNER, _length(before, corner) / 2, _length(corner, after) / 2)
        into, out = _direction(before, corner), _direction(corner, after)
        d += (
            f" L{corner[0] - into[0] * radius:.1f} {corner[1] - into[1] * radius:.1f}"
            f" Q{corner[0]:.1f} {corner[1]:.1f}"
            f" {corner[0] + out[0] * radius:.1f} {corner[1] + out[1] * radius:.1f}"
        )
    return f"{d} L{points[-1][0]:.1f} {points[-1][1]:.1f}"


def _head(end: Point, towards: Point, look: str) -> str:
    (x, y), (dx, dy) = end, towards
    back = (x - dx * _ARROW, y - dy * _ARROW)
    wing = (dy * _ARROW * 0.5, dx * _ARROW * 0.5)
    points = [
        (x, y),
        (back[0] + wing[0], back[1] + wing[1]),
        (back[0] - wing[0], back[1] - wing[1]),
    ]
    return f'<polygon {look} points="{" ".join(f"{px:.1f},{py:.1f}" for px, py in points)}"/>'


def _length(a: Point, b: Point) -> float:
    return abs(a[0] - b[0]) + abs(a[1] - b[1])


def _direction(a: Point, b: Point) -> Point:
    length = _length(a, b) or 1.0
    return (b[0] - a[0]) / length, (b[1] - a[1]) / length


def _label(label: Label, paint: Paint) -> str:
    y = label.y - SMALL_FONT_SIZE * 0.35
    return "\n".join(
        text_at(label.x, y, label.text, size=SMALL_FONT_SIZE, look=look)
        for look in paint.label(label.anchor)
    )
