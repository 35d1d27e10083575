"""Places the states of a machine: the main path down the middle, loops at its left, failures at its right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cli.graph.definition import Machine, State
from cli.graph.scene import SMALL_FONT_SIZE, Box, Scene, text_width

ROW_GAP = 28.0
LOOP_GAP = 38.0
LANE_GAP = 34.0
PADDING = 18.0
CAPTION = 26.0

_HEIGHTS = {"Wait": 28.0, "Pass": 30.0, "Succeed": 30.0, "Fail": 34.0}
_HEIGHT = 38.0
_PILE_GAP = 10.0
BESIDE = 40.0
"""How far the middles of two boxes that stand beside each other are apart at most, from above."""
_SIDE_ROOM = {"Choice": 44.0, "Wait": 34.0}
_SIDE_ROOM_ELSE = 32.0


@dataclass
class Placement:
    """Where the states of a machine are, before wires.

    Attributes:
        machine: The machine.
        boxes: By the state's name.
        path: The main path, from above.
        loops: States at the left, which lead back up to the main path.
        aside: States at the right.
    """

    machine: Machine
    boxes: dict[str, Box]
    path: list[str]
    loops: list[str] = field(default_factory=list)
    aside: list[str] = field(default_factory=list)


def place(
    machine: Machine, inner: dict[str, list[Scene]], limits: Mapping[str, float] | None = None
) -> Placement:
    """Give every state of a machine a place.

    Args:
        machine: The machine, or a branch of one.
        inner: The drawn branches of its Parallel and Map states, by name.
        limits: How far right the right sides of loops may be, by name.

    Returns:
        Boxes around the axis x = 0, from y = 0 downwards.
    """
    path = machine.main_path()
    others = [name for name in machine.states if name not in path]
    loops = [name for name in others if _leads_back(machine, name, path)]
    aside = [name for name in others if name not in loops]
    boxes = {
        name: _box(state, inner.get(name, []), name in aside and not _is_asked(machine, name, path))
        for name, state in machine.states.items()
    }
    _even_out(boxes, [name for name in path if not boxes[name].inner])
    _even_out(boxes, aside)
    placement = Placement(machine, boxes, path, loops, aside)
    _rows(placement)
    _columns(placement, limits or {})
    return placement


def _box(state: State, inner: list[Scene], is_aside: bool) -> Box:
    style = state.kind.lower() + (" aside" if is_aside else "")
    if inner:
        extents = [scene.extent() for scene in inner]
        width = sum(e[2] - e[0] for e in extents) + LANE_GAP * (len(inner) - 1) + 2 * PADDING
        height = max(e[3] - e[1] for e in extents) + CAPTION + 2 * PADDING
        return Box(state.name, "container", width, height, state.comment, inner=inner)
    small = state.kind in ("Wait", "Pass", "Succeed")
    text = text_width(state.name, SMALL_FONT_SIZE + 1) if small else text_width(state.name)
    width = text + _SIDE_ROOM.get(state.kind, _SIDE_ROOM_ELSE)
    return Box(state.name, style, width, _HEIGHTS.get(state.kind, _HEIGHT), state.comment)


def _even_out(boxes: dict[str, Box], names: list[str]) -> None:
    """Make the large boxes of a column equally wide."""
    large = [boxes[name] for name in names if boxes[name].height >= _HEIGHT]
    width = max((box.width for box in large), default=0.0)
    for box in large:
        box.width = width


def _leads_back(machine: Machine, name: str, path: list[str]) -> bool:
    targets = [t.target for t in machine.states[name].transitions if not t.on_error]
    sources = [t.source for t in machine.transitions if t.target == name]
    if len(targets) != 1 or targets[0] not in path:
        return False
    return any(s in path and path.index(s) >= path.index(targets[0]) for s in sources)


def _is_asked(machine: Machine, name: str, path: list[str]) -> bool:
    """Whether only questions of the main path lead to a state, and it goes on: it is no part of a failure."""
    state = machine.states[name]
    sources = {t.source for t in machine.transitions if t.target == name}
    return any(not way.on_error for way in state.transitions) and all(
        s in path and machine.states[s].kind == "Choice" for s in sources
    )


def _rows(placement: Placement) -> None:
    """Set the y of the main path and the loops, and of what stands aside in the rows of the main path."""
    boxes, path = placement.boxes, placement.path
    row_of = _aside_rows(placement)
    y = 0.0
    for index, name in enumerate(path):
        here = [n for n, r in row_of.items() if r == index]
        under = [boxes[n] for n in here if _is_in_the_way(placement, name, n)]
        beside = [boxes[n] for n in here if boxes[n] not in under]
        if not all(_is_asked(placement.machine, box.name, path) for box in beside):
            height = max(box.height for box in (boxes[name], *beside))
            for box in beside:
                box.y = y + height / 2
        else:
            height = max(boxes[name].height, _pile(beside, y, boxes[name].height))
        boxes[name].y = y + height / 2
        for box in under:
            y += box.height + ROW_GAP
            box.y = y + height - box.height / 2
        y += height + (LOOP_GAP if _has_loop_below(placement, name) else ROW_GAP)
    if _comes_in_last(placement, row_of):
        # The line into the last state from the right passes above what stands there.
        for name in [name for name, row in row_of.items() if row == len(path) - 1]:
            boxes[name].y += boxes[name].height + ROW_GAP
    for name in placement.loops:
        back = boxes[placement.machine.states[name].transitions[0].target]
        below = path[path.index(back.name) + 1]
        boxes[name].y = (back.y + boxes[below].y) / 2


def _is_in_the_way(placement: Placement, name: str, other: str) -> bool:
    """Whether a state at the right, beside one of the main path, would stand where a line of errors leaves that one."""
    ways = placement.machine.states[name].transitions
    return any(
        way.on_error and way.target in placement.aside and way.target != other for way in ways
    ) and not any(way.target == other for way in ways)


def _pile(beside: list[Box], y: float, least: float) -> float:
    """Put the boxes beside one question one above the other; return the height of the row."""
    gap = _PILE_GAP * (len(beside) - 1)
    height = max(least, sum(box.height for box in beside) + max(gap, 0.0))
    for index, box in enumerate(beside):
        middle = (index - (len(beside) - 1) / 2) * (box.height + _PILE_GAP)
        box.y = y + height / 2 + middle
    return height


def _comes_in_last(placement: Placement, row_of: dict[str, int]) -> bool:
    """Whether a state at the right, from farther above, leads to the last state of the main path."""
    path, states = placement.path, placement.machine.states
    return any(
        way.target == path[-1] and row < len(path) - 2
        for name, row in row_of.items()
        for way in states[name].transitions
    )


def _has_loop_below(placement: Placement, name: str) -> bool:
    states = placement.machine.states
    return any(states[loop].transitions[0].target == name for loop in placement.loops)


def _aside_rows(placement: Placement) -> dict[str, int]:
    """Return the row of each state at the right.

    One that goes on stands right above where it leads, or beside the question if nothing else leads to it. An end
    stands beside the question that leads to it, or in the last row when only errors lead to it. A way that leads back
    to where it came from says nothing about a place.
    """
    machine, path = placement.machine, placement.path
    back = _ways_back(machine, path)
    rows: dict[str, int] = {}
    while len(rows) < len(placement.aside):
        for name in placement.aside:
            targets = [
                way.target
                for way in machine.states[name].transitions
                if not way.on_error and (name, way.target) not in back
            ]
            if not targets:
                questions = [
                    path.index(t.source)
                    for t in machine.transitions
                    if t.target == name and not t.on_error and t.source in path
                ]
                rows[name] = max(questions, default=len(path) - 1)
            elif _is_asked(machine, name, path):
                rows[name] = max(
                    path.index(t.source) for t in machine.transitions if t.target == name
                )
            elif all(t in path or t in rows for t in targets):
                rows[name] = min(path.index(t) if t in path else rows[t] for t in targets) - 1
    return rows


def _ways_back(machine: Machine, path: list[str]) -> set[tuple[str, str]]:
    """Return the ways that close a cycle: a search in depth, along the main path first, meets their target again."""
    rank = {name: index for index, name in enumerate(path)}
    back: set[tuple[str, str]] = set()
    done: set[str] = set()

    def visit(name: str, behind: tuple[str, ...]) -> None:
        here = (*behind, name)
        ways = machine.states[name].transitions
        for way in sorted(ways, key=lambda way: rank.get(name, -2) + 1 != rank.get(way.target)):
            if way.target in here:
                back.add((name, way.target))
            elif way.target not in done:
                visit(way.target, here)
        done.add(name)

    visit(machine.start, ())
    return back


def _passed(placement: Placement, name: str) -> list[str]:
    """Return the states of the main path between the first that leads to a state at the right, and that state."""
    boxes, path = placement.boxes, placement.path
    rows = [
        path.index(t.source)
        for t in placement.machine.transitions
        if t.target == name and t.source in path
    ]
    first = min(rows, default=len(path))
    return [n for n in path[first + 1 :] if boxes[n].y < boxes[name].y]


def _columns(placement: Placement, limits: Mapping[str, float]) -> None:
    """Set the x of the loops and of what stands aside."""
    boxes = placement.boxes
    plain = [boxes[name].width / 2 for name in placement.path if not boxes[name].inner]
    half = max(plain)
    # From below: a way into a loop that lies higher has to pass the lower ones at their left.
    for name in sorted(placement.loops, key=lambda name: -boxes[name].y):
        box = boxes[name]
        start = max(boxes[t.source].y for t in placement.machine.transitions if t.target == name)
        passed = [boxes[n].left for n in placement.loops if box.y < boxes[n].y < start]
        box.x = -(half + LANE_GAP + box.width / 2)
        box.x = min([box.x, *(left - LANE_GAP / 2 for left in passed)])
        box.x = min(box.x, limits.get(name, box.x + box.width / 2) - box.width / 2)
    for name in placement.aside:
        box = boxes[name]
        row = [boxes[n] for n in placement.path if abs(boxes[n].y - box.y) < BESIDE]
        beside = max((b.right for b in row), default=0.0) + LANE_GAP / 2 + box.width / 2
        if box.height >= _HEIGHTS["Fail"]:
            beside += LANE_GAP / 2
        # Lines of errors come down into its middle, so that has to be clear of what stands above it.
        passed = [boxes[n].right for n in _passed(placement, name)]
        box.x = max(beside, half + LANE_GAP, max(passed, default=0.0) + LANE_GAP / 2)
    large = [boxes[n] for n in placement.aside if boxes[n].height >= _HEIGHTS["Fail"]]
    for box in large:
        box.x = max(b.x for b in large)
