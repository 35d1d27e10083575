"""What a picture is made of: boxes and wires with coordinates, in pixels, y downwards."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

Side = Literal["left", "right", "top", "bottom"]
Point = tuple[float, float]

FONT_SIZE = 13.0
SMALL_FONT_SIZE = 11.0

# Widths of Arial's glyphs in thousandths of the font size, by groups: close enough to size a box.
_GROUPS = {"ijl'.,:;|!": 240, "ftrI ()-/[]": 310, "mwMW%@": 850}


def text_width(text: str, size: float = FONT_SIZE) -> float:
    """Return about how many pixels a line of text is wide."""
    return sum(_glyph(character) for character in text) * size / 1000


def _glyph(character: str) -> int:
    for group, width in _GROUPS.items():
        if character in group:
            return width
    return 690 if character.isupper() else 545


@dataclass
class Box:
    """A state: centre and size. `style` names its look, `inner` is what a container holds."""

    name: str
    style: str
    width: float
    height: float
    note: str = ""
    x: float = 0.0
    y: float = 0.0
    inner: list[Scene] = field(default_factory=list)

    @property
    def left(self) -> float:
        """X of the left side."""
        return self.x - self.width / 2

    @property
    def right(self) -> float:
        """X of the right side."""
        return self.x + self.width / 2

    @property
    def top(self) -> float:
        """Y of the upper side."""
        return self.y - self.height / 2

    @property
    def bottom(self) -> float:
        """Y of the lower side."""
        return self.y + self.height / 2


@dataclass(frozen=True)
class Wire:
    """A line along points; `arrow` at its end. `style` is `way`, or `error` for a Catch."""

    points: tuple[Point, ...]
    style: str = "way"
    arrow: bool = True


@dataclass(frozen=True)
class Label:
    """A word beside a wire; `y` is the foot of its letters."""

    text: str
    x: float
    y: float
    anchor: Literal["start", "end", "middle"] = "start"

    @property
    def left(self) -> float:
        """X of its left end."""
        width = text_width(self.text, SMALL_FONT_SIZE)
        return self.x - {"start": 0.0, "middle": width / 2, "end": width}[self.anchor]

    @property
    def right(self) -> float:
        """X of its right end."""
        return self.left + text_width(self.text, SMALL_FONT_SIZE)

    @property
    def top(self) -> float:
        """Y of the tops of its letters."""
        return self.y - SMALL_FONT_SIZE * 0.8

    @property
    def bottom(self) -> float:
        """Y of the lower ends of letters that go below the line."""
        return self.y + SMALL_FONT_SIZE * 0.25


def overlap(one: Box | Label, other: Box | Label) -> bool:
    """Whether two things lie over each other; sides that touch do not count."""
    return (
        one.left < other.right
        and other.left < one.right
        and one.top < other.bottom
        and other.top < one.bottom
    )


@dataclass
class Scene:
    """Boxes, wires and labels around the axis x = 0."""

    boxes: list[Box] = field(default_factory=list)
    wires: list[Wire] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)

    def extent(self) -> tuple[float, float, float, float]:
        """Return left, top, right and bottom of everything."""
        xs = [x for b in self.boxes for x in (b.left, b.right)]
        ys = [y for b in self.boxes for y in (b.top, b.bottom)]
        for wire in self.wires:
            xs += [x for x, _ in wire.points]
            ys += [y for _, y in wire.points]
        for label in self.labels:
            xs += [label.left, label.right]
        return min(xs), min(ys), max(xs), max(ys)

    def moved(self, dx: float, dy: float) -> Scene:
        """Return the same scene somewhere else."""
        return Scene(
            [
                replace(b, x=b.x + dx, y=b.y + dy, inner=[scene.moved(dx, dy) for scene in b.inner])
                for b in self.boxes
            ],
            [replace(w, points=tuple((x + dx, y + dy) for x, y in w.points)) for w in self.wires],
            [replace(label, x=label.x + dx, y=label.y + dy) for label in self.labels],
        )
