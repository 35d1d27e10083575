"""Writes a scene as SVG that reads well on light and dark pages."""

from __future__ import annotations

from collections.abc import Iterator
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

# The picture brings its own ground, so that it is legible whatever the page's colour; the colours follow the reader.
_STYLE = """
  svg { --ground: #ffffff; --edge: #d0d7de; --ink: #1f2328; --soft: #59636e; --line: #6e7781;
    --task: #eef4fd; --task-edge: #4678b8; --ask: #fff6dd; --ask-edge: #b58a24; --wait: #f4f5f7;
    --good: #e3f5e7; --good-edge: #2d8044; --bad: #fdecea; --bad-edge: #c2403a; --inside: #f8fafc; }
  @media (prefers-color-scheme: dark) {
    svg { --ground: #0d1117; --edge: #30363d; --ink: #e6edf3; --soft: #9aa4af; --line: #7d8590;
      --task: #14243b; --task-edge: #5b93d6; --ask: #2e2611; --ask-edge: #c79a35; --wait: #1b2027;
      --good: #11291a; --good-edge: #3fa35c; --bad: #331716; --bad-edge: #e5645c; --inside: #11161d; } }
  text { font-family: -apple-system, "Segoe UI", Helvetica, Arial, "Liberation Sans", sans-serif;
    fill: var(--ink); text-anchor: middle; dominant-baseline: central; }
  .ground { fill: var(--ground); stroke: var(--edge); }
  .task { fill: var(--task); stroke: var(--task-edge); }
  .choice { fill: var(--ask); stroke: var(--ask-edge); }
  .wait, .pass { fill: var(--wait); stroke: var(--line); stroke-dasharray: 3 3; }
  .pass { stroke-dasharray: none; }
  .container { fill: var(--inside); stroke: var(--task-edge); stroke-dasharray: 6 4; }
  .succeed { fill: var(--good); stroke: var(--good-edge); }
  .fail, .aside { fill: var(--bad); stroke: var(--bad-edge); }
  .wait, .pass, .succeed.aside { stroke-width: 1; }
  .title { font-weight: 600; }
  .label, .legend { fill: var(--soft); dominant-baseline: auto;
    paint-order: stroke; stroke: var(--ground); stroke-width: 3px; stroke-linejoin: round; }
  .legend { text-anchor: start; }
  .rule { stroke: var(--edge); }
  .wire { fill: none; stroke: var(--line); stroke-width: 1.4; }
  .head { fill: var(--line); }
  .wire.error, .wire.mixed { stroke: var(--bad-edge); }
  .wire.error { stroke-dasharray: 5 4; }
  .head.error, .head.mixed { fill: var(--bad-edge); }
"""
_SIZES = f"""  text {{ font-size: {FONT_SIZE:g}px; }}
  .small {{ font-size: {SMALL_FONT_SIZE + 1:g}px; }}
  .label, .legend {{ font-size: {SMALL_FONT_SIZE:g}px; }}
"""


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
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'width="{width:.0f}" height="{height:.0f}" role="img">',
        f"<title>{escape(title)}</title>",
        f"<style>{_STYLE}{_SIZES}</style>",
        f'<rect class="ground" x="0.5" y="0.5" width="{width - 1:.1f}" height="{height - 1:.1f}" rx="10"/>',
        *_scene(moved),
        *_legend(legend, width, height),
        "</svg>\n",
    ]
    return "\n".join(parts)


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
        yield f'<polygon class="{box.style}" points="{points}"/>'
    else:
        radius = {"succeed": h / 2, "fail": h / 2, "wait": h / 2, "container": 12.0}.get(kind, 7.0)
        yield (
            f'<rect class="{box.style}" x="{x:.1f}" y="{y:.1f}" width="{w:.1f}" height="{h:.1f}" '
            f'rx="{radius:.1f}"/>'
        )
    small = {"wait": "small", "pass": "small", "succeed": "small", "container": "title"}
    look = f' class="{small[kind]}"' if kind in small else ""
    text_y = y + 20 if box.inner else box.y
    yield f'<text{look} x="{box.x:.1f}" y="{text_y:.1f}">{escape(box.name)}</text></g>'


def _wire(wire: Wire) -> Iterator[str]:
    points = list(wire.points)
    if wire.arrow:
        end, towards = points[-1], _direction(points[-2], points[-1])
        yield _head(end, towards, wire.style)
        points[-1] = (end[0] - towards[0] * _ARROW, end[1] - towards[1] * _ARROW)
    yield f'<path class="wire {wire.style}" d="{_path(points)}"/>'


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
    return f'<polygon class="head {style}" points="{" ".join(f"{px:.1f},{py:.1f}" for px, py in points)}"/>'


def _length(a: Point, b: Point) -> float:
    return abs(a[0] - b[0]) + abs(a[1] - b[1])


def _direction(a: Point, b: Point) -> Point:
    length = _length(a, b) or 1.0
    return (b[0] - a[0]) / length, (b[1] - a[1]) / length


def _label(label: Label) -> str:
    return (
        f'<text class="label" x="{label.x:.1f}" y="{label.y:.1f}" style="text-anchor: {label.anchor}">'
        f"{escape(label.text)}</text>"
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
    yield f'<path class="rule" d="M{_MARGIN} {y - 22:.1f} H{width - _MARGIN:.1f}"/>'
    for look, meaning in legend:
        if look.startswith("wire"):
            yield f'<path class="{look}" d="M{x:.1f} {y:.1f} h22"/>'
        else:
            yield f'<rect class="{look}" x="{x:.1f}" y="{y - 6:.1f}" width="22" height="12" rx="4"/>'
        yield f'<text class="legend" x="{x + 28:.1f}" y="{y + 4:.1f}">{escape(meaning)}</text>'
        x += _legend_width(meaning)
