"""Writes a scene as SVG that reads well on light and dark pages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from xml.sax.saxutils import escape

from cli.graph import svg
from cli.graph.scene import FONT_SIZE, SMALL_FONT_SIZE, Box, Scene, text_width

_MARGIN = 24.0
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


def text_at(
    x: float, y: float, text: str, *, size: float = FONT_SIZE, look: str = f'fill="{_INK}"'
) -> str:
    """Return a line of text, as `cli.graph.svg.text_at` does, in the colour of text unless `look` says otherwise."""
    return svg.text_at(x, y, text, size=size, look=look)


class Colours:
    """The looks of a picture: each colour is an attribute."""

    def box(self, box: Box) -> str:
        """Return fill, edge and dashes of a box."""
        return _shape(box.style)

    def name(self, box: Box) -> str:
        """Return the colour of a box's name; that of a container is bold."""
        weight = ' font-weight="600"' if box.style.split()[0] == "container" else ""
        return f'fill="{_INK}"{weight}'

    def around(self, box: Box) -> tuple[str, str]:
        """Return a group with a title: what the state does, or its name."""
        return f"<g><title>{escape(box.note or box.name)}</title>", "</g>"

    def line(self, style: str) -> str:
        """Return colour and dashes of a wire."""
        return _line(style)

    def head(self, style: str) -> str:
        """Return the colour of a wire's head."""
        return f'fill="{_LINE if style == "way" else _BAD[1]}"'

    def label(self, anchor: str) -> tuple[str, ...]:
        """Return a word over a wider copy of itself in the ground's colour, which parts it from lines under it."""
        at = f'text-anchor="{anchor}"'
        halo = f'fill="{_GROUND}" stroke="{_GROUND}" stroke-width="3" stroke-linejoin="round" {at}'
        return halo, f'fill="{_SOFT}" {at}'


def _shape(style: str) -> str:
    """Return the attributes that give a box its look."""
    kind, *more = style.split()
    fill, edge, dashes = _SHAPES[kind]
    if more:
        fill, edge = _BAD
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    return f'fill="{fill}" stroke="{edge}"{dashed}'


def _line(style: str) -> str:
    """Return the attributes that give a wire its look."""
    colour = _LINE if style == "way" else _BAD[1]
    dashed = ' stroke-dasharray="5 4"' if style == "error" else ""
    return f'fill="none" stroke="{colour}" stroke-width="1.4"{dashed}'


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
    parts = [*svg.elements(moved, Colours()), *_legend(legend, width, height)]
    return document(width, height, title, parts, style=_dark_style())


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
