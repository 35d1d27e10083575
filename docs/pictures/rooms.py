"""Draws the packages of the code and who imports whom, from the imports themselves.

An arrow that others imply is left out: with arrows from A to B and from B to C there is none from A to C. The picture's
colours are fixed and its ground is its own, so that it reads the same on light and dark pages.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import fmean

import grimp

from cli.graph.scene import Point, text_width
from docs.pictures.svg import document, text_at

PACKAGES = ("cli", "handlers", "lifecycle", "agent", "local")
SHARED = "shared modules"
"""The room of the modules that lie directly in `lifecycle`."""

Arrow = tuple[str, str]

_TITLE = "The packages of cli/, local/, functions/ and agent/, and who imports whom"
_HEIGHT, _ROW_GAP, _COLUMN_GAP = 34.0, 36.0, 22.0
_MARGIN, _PADDING, _CAPTION = 24.0, 20.0, 30.0
_PORT_GAP, _HEAD = 16.0, 8.0
_SIZE, _SMALL = 13.0, 11.5
_INK, _SOFT, _LINE = "#1f2328", "#59636e", "#6e7781"
_FRAME = ("#f8fafc", "#d0d7de")
_COLOURS = {
    "cli": ("#fff6dd", "#b58a24"),
    "agent": ("#f4f5f7", "#6e7781"),
    "local": ("#e3f5e7", "#2d8044"),
    "functions": ("#eef4fd", "#4678b8"),
}


@dataclass
class Room:
    """A box: its name, the lines that it shows, and where its middle is (pixels, y downwards)."""

    name: str
    lines: list[str]
    x: float = 0.0
    y: float = 0.0

    @property
    def width(self) -> float:
        """The width that its text needs."""
        return max(text_width(line) for line in self.lines) + 30 if self.lines else 0.0

    @property
    def height(self) -> float:
        """Higher with every line."""
        return _HEIGHT + 16 * (len(self.lines) - 1)


@dataclass
class Floor:
    """What one folder holds: its rooms, and the ways of its arrows once it is laid out."""

    name: str
    rooms: dict[str, Room]
    arrows: set[Arrow]
    ways: dict[Arrow, list[Point]] = field(default_factory=dict)

    @property
    def width(self) -> float:
        """The width of its frame."""
        return max(r.x + r.width / 2 for r in self.rooms.values()) + _PADDING

    @property
    def height(self) -> float:
        """The height of its frame."""
        return max(r.y + r.height / 2 for r in self.rooms.values()) + _PADDING


def read() -> tuple[dict[str, Floor], set[Arrow]]:
    """Read the imports.

    Returns:
        The floors of `local` and `functions`, laid out, and the arrows between the folders.

    Raises:
        ValueError: Packages import each other, so that no picture can show which is above.
    """
    graph = grimp.build_graph(*PACKAGES, cache_dir=None)
    packages = {
        module for module in graph.modules if graph.find_children(module) and module.count(".") == 1
    }
    ground = sorted(graph.find_children("lifecycle") - packages)
    inside: dict[str, set[Arrow]] = {"functions": set(), "local": set()}
    between: set[Arrow] = set()
    rooms: dict[str, set[str]] = {"functions": set(), "local": set()}
    for importer in sorted(graph.modules):
        floor, room = _place(importer, packages)
        if floor in rooms and room:
            rooms[floor].add(room)
        for imported in graph.find_modules_directly_imported_by(importer):
            other, target = _place(imported, packages)
            if floor != other:
                between.add((floor, other))
            elif floor in inside and room and target and room != target:
                inside[floor].add((room, target))
    floors = {}
    for name, names in rooms.items():
        lines = {room: [room] for room in sorted(names)}
        if SHARED in lines:
            lines[SHARED] = _wrapped([module.split(".")[1] for module in ground])
        floors[name] = Floor(
            name, {room: Room(room, text) for room, text in lines.items()}, reduced(inside[name])
        )
        lay_out(floors[name])
    return floors, between


def _place(module: str, packages: set[str]) -> tuple[str, str]:
    """Return the folder and the room of a module; no room for a package that only holds others."""
    top, *rest = module.split(".")
    if top == "handlers":
        return "functions", "handlers/"
    if top == "lifecycle":
        if not rest:
            return "functions", ""
        name = f"{top}.{rest[0]}"
        return "functions", f"{rest[0]}/" if name in packages else SHARED
    if top == "local":
        if not rest:
            return "local", ""
        return "local", f"{rest[0]}/" if f"{top}.{rest[0]}" in packages else f"{rest[0]}.py"
    return top, top


def _wrapped(names: list[str]) -> list[str]:
    half = (len(names) + 1) // 2
    return [SHARED, " · ".join(names[:half]), " · ".join(names[half:])]


def reduced(arrows: set[Arrow]) -> set[Arrow]:
    """Leave out each arrow that others imply.

    Raises:
        ValueError: The arrows have a cycle.
    """
    levels(arrows)
    return {
        (source, target)
        for source, target in arrows
        if not any(target in _reached(arrows, other) for s, other in arrows if s == source)
    }


def _reached(arrows: set[Arrow], start: str) -> set[str]:
    direct = {target for source, target in arrows if source == start}
    return direct.union(*(_reached(arrows, target) for target in direct))


def levels(arrows: set[Arrow]) -> dict[str, int]:
    """Return how far below the top each room is: one more than the lowest that imports it.

    Raises:
        ValueError: The arrows have a cycle.
    """
    rooms = {room for arrow in arrows for room in arrow}
    found = dict.fromkeys(rooms, 0)
    for _ in rooms:
        for source, target in arrows:
            found[target] = max(found[target], found[source] + 1)
    cycle = sorted(f"{s} and {t}" for s, t in arrows if found[t] <= found[s])
    if cycle:
        raise ValueError(f"{cycle[0]} import each other")
    return found


def lay_out(floor: Floor) -> None:
    """Give every room its place and every arrow its way: in rows, each below what imports it."""
    level = levels(floor.arrows)
    last = max(level.values(), default=0)
    for room in floor.rooms:
        level.setdefault(room, last)
    # An arrow over more than one row gets a place in each row between, so that it runs through no room.
    chains = {
        arrow: [
            arrow[0],
            *(
                f"{arrow[0]}>{arrow[1]}#{row}"
                for row in range(level[arrow[0]] + 1, level[arrow[1]])
            ),
            arrow[1],
        ]
        for arrow in sorted(floor.arrows)
    }
    places = dict(floor.rooms)
    for chain in chains.values():
        for step, name in enumerate(chain[1:-1], 1):
            places[name] = Room(name, [])
            level[name] = level[chain[0]] + step
    links = {link for chain in chains.values() for link in itertools.pairwise(chain)}
    rows = [sorted(name for name in places if level[name] == row) for row in range(last + 1)]
    _order(rows, links)
    _set_places(rows, places)
    floor.ways = _ways(chains, links, places)


def _order(rows: list[list[str]], links: set[Arrow]) -> None:
    """Sort each row by where its neighbours are, from above and from below, until little crosses."""
    near: dict[str, set[str]] = {}
    for source, target in links:
        near.setdefault(source, set()).add(target)
        near.setdefault(target, set()).add(source)
    for _ in range(4):
        for indexes in (range(1, len(rows)), range(len(rows) - 2, -1, -1)):
            step = -1 if indexes.step > 0 else 1
            for index in indexes:
                other = rows[index + step]
                at = {name: (place + 0.5) / len(other) for place, name in enumerate(other)}
                own = {
                    name: (place + 0.5) / len(rows[index]) for place, name in enumerate(rows[index])
                }
                middle = {
                    name: fmean([at[n] for n in near.get(name, set()) if n in at] or [own[name]])
                    for name in rows[index]
                }
                rows[index].sort(key=lambda name: (middle[name], own[name]))


def _set_places(rows: list[list[str]], places: dict[str, Room]) -> None:
    widths = [
        sum(places[name].width for name in row) + _COLUMN_GAP * (len(row) - 1) for row in rows
    ]
    y = _CAPTION + _PADDING / 2
    for row, width in zip(rows, widths, strict=True):
        height = max(places[name].height for name in row)
        x = _PADDING + (max(widths) - width) / 2
        for name in row:
            places[name].x = x + places[name].width / 2
            places[name].y = y + height / 2
            x += places[name].width + _COLUMN_GAP
        y += height + _ROW_GAP


def _ways(
    chains: dict[Arrow, list[str]], links: set[Arrow], places: dict[str, Room]
) -> dict[Arrow, list[Point]]:
    def port(room: str, other: str, others: list[str], below: bool) -> Point:
        others = sorted(others, key=lambda name: (places[name].x, name))
        place = places[room]
        gap = min(_PORT_GAP, (place.width - 20) / len(others))
        x = place.x + gap * (others.index(other) - (len(others) - 1) / 2)
        return x, place.y + (place.height / 2 if below else -place.height / 2)

    ways: dict[Arrow, list[Point]] = {}
    for arrow, chain in chains.items():
        first, last = chain[0], chain[-1]
        out = [target for source, target in links if source == first]
        into = [source for source, target in links if target == last]
        bends = [(places[name].x, places[name].y) for name in chain[1:-1]]
        ways[arrow] = [
            port(first, chain[1], out, below=True),
            # Straight down through the row, then on.
            *(point for x, y in bends for point in ((x, y - _HEIGHT / 2), (x, y + _HEIGHT / 2))),
            port(last, chain[-2], into, below=False),
        ]
    return ways


def draw() -> str:
    """Draw the picture.

    Returns:
        The text of an SVG file. The same imports give the same text.

    Raises:
        ValueError: Packages import each other, or one folder imports another in a way that has no place here.
    """
    floors, between = read()
    if not between <= {("cli", "local"), ("cli", "functions")}:
        raise ValueError(f"an import between folders that has no place in the picture: {between}")
    local, functions = floors["local"], floors["functions"]
    agent = Room("agent", ["agent/"])
    command = Room("cli", ["cli/"])
    gap = 34.0
    top = _MARGIN + command.height + _ROW_GAP + 6
    lefts = {"local": _MARGIN, "functions": _MARGIN + local.width + gap}
    width = lefts["functions"] + functions.width + gap + agent.width + _MARGIN
    height = top + max(local.height, functions.height)
    command.x, command.y = lefts["functions"] - gap / 2, _MARGIN + command.height / 2
    agent.x = width - _MARGIN - agent.width / 2
    agent.y = height - agent.height / 2
    parts = [*_folder(command, "cli"), *_folder(agent, "agent")]
    for name, floor in floors.items():
        side = -1 if name == "local" else 1
        if ("cli", name) in between:
            start = (command.x + side * command.width / 4, command.y + command.height / 2)
            middle = lefts[name] + floor.width / 2
            rail = top - _ROW_GAP / 2 - 2
            parts += _arrow([start, (start[0], rail), (middle, rail), (middle, top)])
        parts += _floor(floor, lefts[name], top)
    caption = "An arrow means: imports. Arrows that others imply are left out."
    y = height + _MARGIN
    parts.append(text_at(width / 2, y, caption, size=_SMALL, look=f'fill="{_SOFT}"'))
    return document(width, y + _MARGIN, _TITLE, parts)


def _floor(floor: Floor, left: float, top: float) -> Iterator[str]:
    fill, edge = _FRAME
    yield (
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{floor.width:.1f}" height="{floor.height:.1f}" '
        f'rx="12" fill="{fill}" stroke="{edge}"/>'
    )
    look = f'fill="{_SOFT}" font-weight="600" text-anchor="start"'
    yield text_at(left + 14, top + 18, f"{floor.name}/", look=look)
    for _, way in sorted(floor.ways.items()):
        yield from _arrow([(x + left, y + top) for x, y in way])
    for room in floor.rooms.values():
        yield from _box(room, floor.name, left, top)


def _folder(room: Room, look: str) -> Iterator[str]:
    yield from _box(room, look, 0.0, 0.0)


def _box(room: Room, look: str, left: float, top: float) -> Iterator[str]:
    fill, edge = _COLOURS[look]
    x, y = left + room.x, top + room.y
    yield (
        f'<rect x="{x - room.width / 2:.1f}" y="{y - room.height / 2:.1f}" width="{room.width:.1f}" '
        f'height="{room.height:.1f}" rx="7" fill="{fill}" stroke="{edge}" stroke-width="1.2"/>'
    )
    first = y - 8 * (len(room.lines) - 1)
    for index, line in enumerate(room.lines):
        look, size = (
            (f'fill="{_INK}" font-weight="600"', _SIZE)
            if index == 0
            else (f'fill="{_SOFT}"', _SMALL)
        )
        yield text_at(x, first + 16 * index, line, size=size, look=look)


def _arrow(points: list[Point]) -> Iterator[str]:
    (fx, fy), (x, y) = points[-2], points[-1]
    length = ((x - fx) ** 2 + (y - fy) ** 2) ** 0.5
    dx, dy = (x - fx) / length, (y - fy) / length
    foot = (x - dx * _HEAD, y - dy * _HEAD)
    line = " L".join(f"{px:.1f} {py:.1f}" for px, py in [*points[:-1], foot])
    yield f'<path d="M{line}" fill="none" stroke="{_LINE}" stroke-width="1.4"/>'
    wing = (-dy * _HEAD / 2, dx * _HEAD / 2)
    corners = [
        (x, y),
        (foot[0] + wing[0], foot[1] + wing[1]),
        (foot[0] - wing[0], foot[1] - wing[1]),
    ]
    text = " ".join(f"{px:.1f},{py:.1f}" for px, py in corners)
    yield f'<polygon points="{text}" fill="{_LINE}"/>'
