"""Writes a scene as SVG that reads well on light and dark pages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from xml.sax.saxutils import escape

from docs.pictures.scene import (
    FONT_SIZE,
    SMALL_FONT_SIZE,
    Box,
    Label,
    Point,
    Scene,
    Wire,
    text_width,
)

_MARGIN = 24.0
_CORNER = 8.0
_NOTCH = 14.0
_ARROW = 7.0
_LEGEND_HEIGHT = 34.0

_FONT = (
    "-apple-system, 'Segoe UI', Helvetica, Arial, 'Liberation Sans', "
    "'Hiragino Sans', 'Yu Gothic', 'Noto Sans CJK JP', sans-serif"
)

# Every colour is an attribute of its element, so that viewers without CSS show the picture, too. Each colour has its
# counterpart on dark pages; viewers that know the media query use it instead.
_DARK = {
    "#ffffff": "#0d1117",
    "#d0d7de": "#30363d",
    "#1f2328": "#e6edf3",
    "#59636e": "#9aa4af",
    "#6e7781": "#7d8590",
    "#eef4fd": "#14243b",
    "#4678b8": "#5b93d6",
    "#fff6dd": "#2e2611",
    "#b58a24": "#c79a35",
    "#f4f5f7": "#1b2027",
    "#e3f5e7": "#11291a",
    "#2d8044": "#3fa35c",
    "#fdecea": "#331716",
    "#c2403a": "#e5645c",
    "#f8fafc": "#11161d",
}
_GROUND, _EDGE, _INK, _SOFT, _LINE = "#ffffff", "#d0d7de", "#1f2328", "#59636e", "#6e7781"
_GOOD, _BAD = ("#e3f5e7", "#2d8044"), ("#fdecea", "#c2403a")

_SHAPES = {
    "task": ("#eef4fd", "#4678b8", ""),
    "choice": ("#fff6dd", "#b58a24", ""),
    "wait": ("#f4f5f7", _LINE, "3 3"),
    "pass": ("#f4f5f7", _LINE, ""),
    "container": ("#f8fafc", "#4678b8", "6 4"),
    "succeed": (*_GOOD, ""),
    "fail": (*_BAD, ""),
}
"""Fill, edge and dashes of a box, by the first word of its style."""


def _dark_style() -> str:
    """Return the rules that exchange each colour on dark pages; they override the attributes."""
    rules = [
        f'    [{attribute}="{light}"] {{ {attribute}: {dark}; }}'
        for light, dark in _DARK.items()
        for attribute in ("fill", "stroke")
    ]
    return "\n".join(
        ["<style>", "  @media (prefers-color-scheme: dark) {", *rules, "  }", "</style>"]
    )


def _shape(style: str) -> str:
    """Return the attributes that give a box its look."""
    kind, *more = style.split()
    fill, edge, dashes = _SHAPES[kind]
    if more:
        fill, edge = _BAD
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    return f'fill="{fill}" stroke="{edge}"{dashed}'


def text_at(
    x: float, y: float, text: str, *, size: float = FONT_SIZE, look: str = f'fill="{_INK}"'
) -> str:
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


def document(
    width: float, height: float, title: str, parts: Iterable[str], *, style: str = ""
) -> str:
    """Return a whole picture on a ground of its own, so that it is legible whatever the page's colour is."""
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
            f'width="{width:.0f}" height="{height:.0f}" role="img" font-family="{_FONT}">',
            f"<title>{escape(title)}</title>",
            *filter(None, [style]),
            f'<rect x="0.5" y="0.5" width="{width - 1:.1f}" height="{height - 1:.1f}" rx="10" '
            f'fill="{_GROUND}" stroke="{_EDGE}"/>',
            *parts,
            "</svg>\n",
        ]
    )


def write(scene: Scene, title: str, legend: list[tuple[str, str]]) -> str:
    """Write a scene.

    Args:
        scene: What to draw.
        title: Says what the picture shows, for those who cannot see it.
        legend: Looks of boxes and wires, and what they mean; those that the scene has are explained.

    Returns:
        The text of an SVG file. The same scene gives the same text.
    """
    left, top, right, bottom = scene.extent()
    looks = set(_looks(scene))
    legend = [item for item in legend if item[0] in looks]
    inside = max(right - left, sum(_legend_width(meaning) for _, meaning in legend))
    width, height = inside + 2 * _MARGIN, bottom - top + 2 * _MARGIN + _LEGEND_HEIGHT
    moved = scene.moved((width - right - left) / 2, _MARGIN - top)
    parts = [*_scene(moved), *_legend(legend, width, height)]
    return document(width, height, title, parts, style=_dark_style())


def _scene(scene: Scene) -> Iterator[str]:
    # Boxes lie over wires, and an inner scene over its container.
    for wire in sorted(scene.wires, key=lambda w: w.style != "way"):
        yield from _wire(wire)
    for box in scene.boxes:
        yield from _box(box)
        for inner in box.inner:
            yield from _scene(inner)
    for label in scene.labels:
        yield _label(label)


def _box(box: Box) -> Iterator[str]:
    yield f"<g><title>{escape(box.note or box.name)}</title>"
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
        yield f'<polygon {_shape(box.style)} points="{points}"/>'
    else:
        radius = {"succeed": h / 2, "fail": h / 2, "wait": h / 2, "container": 12.0}.get(kind, 7.0)
        yield (
            f'<rect {_shape(box.style)} x="{x:.1f}" y="{y:.1f}" width="{w:.1f}" height="{h:.1f}" '
            f'rx="{radius:.1f}"/>'
        )
    size = SMALL_FONT_SIZE + 1 if kind in ("wait", "pass", "succeed") else FONT_SIZE
    weight = ' font-weight="600"' if kind == "container" else ""
    text_y = y + 20 if box.inner else box.y
    yield text_at(box.x, text_y, box.name, size=size, look=f'fill="{_INK}"{weight}') + "</g>"


def _wire(wire: Wire) -> Iterator[str]:
    points = list(wire.points)
    if wire.arrow:
        end, towards = points[-1], _direction(points[-2], points[-1])
        yield _head(end, towards, wire.style)
        points[-1] = (end[0] - towards[0] * _ARROW, end[1] - towards[1] * _ARROW)
    yield f'<path {_line(wire.style)} d="{_path(points)}"/>'


def _line(style: str) -> str:
    """Return the attributes that give a wire its look."""
    colour = _LINE if style == "way" else _BAD[1]
    dashed = ' stroke-dasharray="5 4"' if style == "error" else ""
    return f'fill="none" stroke="{colour}" stroke-width="1.4"{dashed}'


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


def _head(end: Point, towards: Point, style: str) -> str:
    (x, y), (dx, dy) = end, towards
    back = (x - dx * _ARROW, y - dy * _ARROW)
    wing = (dy * _ARROW * 0.5, dx * _ARROW * 0.5)
    points = [
        (x, y),
        (back[0] + wing[0], back[1] + wing[1]),
        (back[0] - wing[0], back[1] - wing[1]),
    ]
    colour = _LINE if style == "way" else _BAD[1]
    return (
        f'<polygon fill="{colour}" points="{" ".join(f"{px:.1f},{py:.1f}" for px, py in points)}"/>'
    )


def _length(a: Point, b: Point) -> float:
    return abs(a[0] - b[0]) + abs(a[1] - b[1])


def _direction(a: Point, b: Point) -> Point:
    length = _length(a, b) or 1.0
    return (b[0] - a[0]) / length, (b[1] - a[1]) / length


def _label(label: Label) -> str:
    """Return a word over a wider copy of itself in the ground's colour, which parts it from lines under it."""
    size, anchor = SMALL_FONT_SIZE, f'text-anchor="{label.anchor}"'
    halo = f'fill="{_GROUND}" stroke="{_GROUND}" stroke-width="3" stroke-linejoin="round" {anchor}'
    y = label.y - size * 0.35
    return "\n".join(
        text_at(label.x, y, label.text, size=size, look=look)
        for look in (halo, f'fill="{_SOFT}" {anchor}')
    )


def _looks(scene: Scene) -> Iterator[str]:
    """Name every look that a scene has."""
    for wire in scene.wires:
        yield f"wire {wire.style}"
    for box in scene.boxes:
        yield box.style
        for inner in box.inner:
            yield from _looks(inner)


def _legend_width(meaning: str) -> float:
    return 28 + text_width(meaning, SMALL_FONT_SIZE) + 24


def _legend(legend: list[tuple[str, str]], width: float, height: float) -> Iterator[str]:
    x, y = _MARGIN, height - _MARGIN + 4
    yield f'<path stroke="{_EDGE}" d="M{_MARGIN} {y - 22:.1f} H{width - _MARGIN:.1f}"/>'
    for look, meaning in legend:
        if look.startswith("wire"):
            style = look.removeprefix("wire ")
            yield f'<path {_line(style)} d="M{x:.1f} {y:.1f} h22"/>'
        else:
            yield f'<rect {_shape(look)} x="{x:.1f}" y="{y - 6:.1f}" width="22" height="12" rx="4"/>'
        soft = f'fill="{_SOFT}" text-anchor="start"'
        yield text_at(x + 28, y, meaning, size=SMALL_FONT_SIZE, look=soft)
        x += _legend_width(meaning)
