"""Draws the wires between placed states, so that none runs through a box and those to one place share a line."""

from __future__ import annotations

from collections import defaultdict

from cli.graph.definition import Machine, Transition
from cli.graph.layout import BESIDE, CAPTION, LANE_GAP, PADDING, Placement, place
from cli.graph.places import Places, Rail
from cli.graph.scene import Box, Label, Scene, Side, Wire, overlap

_BEND = 10.0
_FAR = 200.0
_ROOM = 6.0
"""How much is free between a loop and a word at its right."""


def draw(machine: Machine) -> Scene:
    """Draw a machine.

    Args:
        machine: The machine, or a branch of one.

    Returns:
        Everything around the axis x = 0.
    """
    inner = {
        name: [draw(branch) for branch in state.branches]
        for name, state in machine.states.items()
        if state.branches
    }
    limits: dict[str, float] = {}
    while True:
        placement = place(machine, inner, limits)
        for box in placement.boxes.values():
            _fill(box)
        scene = _Wiring(placement).scene()
        # Where words are is known only now. Each round moves loops farther to the left, and words stay where they are.
        covered = _covered(scene, [placement.boxes[name] for name in placement.loops])
        if not covered:
            return scene
        limits |= covered


def _covered(scene: Scene, loops: list[Box]) -> dict[str, float]:
    """Where the right side of each loop must be that a word at its right lies on, by name."""
    lefts = {
        box.name: [label.left for label in scene.labels if label.x > box.x and overlap(label, box)]
        for box in loops
    }
    return {name: min(found) - _ROOM for name, found in lefts.items() if found}


def _fill(box: Box) -> None:
    """Move what a container holds to where the container is."""
    x = box.left + PADDING
    placed = []
    for scene in box.inner:
        left, top, right, _ = scene.extent()
        placed.append(scene.moved(x - left, box.top + CAPTION + PADDING - top))
        x += right - left + LANE_GAP
    box.inner = placed


def _is_passed(placement: Placement, way: Transition) -> bool:
    """Whether another state at the right stands above the target, where a line would come down."""
    source, target = placement.boxes[way.source], placement.boxes[way.target]
    others = (placement.boxes[name] for name in placement.aside)
    return any(box.left < target.x < box.right and source.y < box.y < target.y for box in others)


def _is_far(boxes: dict[str, Box], way: Transition) -> bool:
    """Whether a way has boxes beside it."""
    return abs(boxes[way.source].y - boxes[way.target].y) > _FAR


class _Wiring(Places):
    def __init__(self, placement: Placement) -> None:
        super().__init__(placement)
        self.out = Scene(boxes=list(placement.boxes.values()))
        self.row_of = {name: index for index, name in enumerate(placement.path)}

    def scene(self) -> Scene:
        """Draw every transition. Rails are collected first, because their places depend on each other."""
        later: list[tuple[str, Transition]] = []
        gathered: dict[tuple[str, Side], Rail] = {}
        for way in self.at.machine.transitions:
            route = self._route(way)
            if route in ("left", "right"):
                side: Side = "left" if route == "left" else "right"
                rail = gathered.setdefault(
                    (way.target, side), Rail(self.boxes[way.target], side, [])
                )
                rail.ways.append((self.boxes[way.source], way))
            else:
                later.append((route, way))
        self.rails = sorted(gathered.values(), key=lambda rail: rail.length)
        self.set_rails()
        self.set_ports(later)
        for route, way in later:
            getattr(self, f"_{route}")(way)
        for rail in self.rails:
            self._rail(rail)
        self._trunks([way for route, way in later if route == "into_top"])
        return self.out

    def _route(self, way: Transition) -> str:
        """Choose how a way is drawn."""
        rows, at = self.row_of, self.at
        if way.target in at.loops:
            return "left" if _is_far(self.boxes, way) else "into_loop"
        if way.source in at.loops:
            return "left" if way.on_error else "out_of_loop"
        if way.target in at.aside and _is_passed(self.at, way):
            return "right"
        if way.target in at.aside:
            if way.source in at.aside:
                return "down"
            beside = abs(self.boxes[way.source].y - self.boxes[way.target].y) < BESIDE
            return "across" if beside else "into_top"
        if way.source in at.aside:
            near = self.boxes[way.target].y - self.boxes[way.source].y
            return "back_in" if way.label == "yes" and near > 0 else "right"
        if rows[way.target] == rows[way.source] + 1 and not way.on_error:
            return "down"
        return "right" if way.on_error else "left"

    def _wire(self, way: Transition, *points: tuple[float, float], arrow: bool = True) -> None:
        self.out.wires.append(Wire(points, "error" if way.on_error else "way", arrow))

    def _say(self, way: Transition, x: float, y: float, side: Side) -> None:
        if not way.label:
            return
        if side == "bottom":
            self.out.labels.append(Label(way.label, x + 7, y + 14))
        elif side == "left":
            # Two words at one corner: the upper one over its line, the lower one under it.
            below = y > self.boxes[way.source].y
            self.out.labels.append(Label(way.label, x - 5, y + (12.5 if below else -4), "end"))
        else:
            # Likewise, where the line goes down to one of two boxes beside a question.
            below = _BEND < self.boxes[way.target].y - y < BESIDE
            self.out.labels.append(Label(way.label, x + 5, y + (12.5 if below else -4)))

    def _down(self, way: Transition) -> None:
        source, target = self.boxes[way.source], self.boxes[way.target]
        self._wire(way, (source.x, source.bottom), (target.x, target.top))
        self._say(way, source.x, source.bottom, "bottom")

    def _across(self, way: Transition) -> None:
        source, target = self.boxes[way.source], self.boxes[way.target]
        y = self.y_of(way, way.source, "right")
        if target.top < y < target.bottom:
            self._wire(way, (source.right, y), (target.left, y))
        else:
            bend = target.left - LANE_GAP / 2
            self._wire(way, (source.right, y), (bend, y), (bend, target.y), (target.left, target.y))
        self._say(way, source.right, y, "right")

    def _into_loop(self, way: Transition) -> None:
        source, loop = self.boxes[way.source], self.boxes[way.target]
        y = self.y_of(way, way.source, "left")
        if loop.top < y < loop.bottom:
            self._wire(way, (source.left, y), (loop.right, y))
        else:
            end = loop.top if y <= loop.top else loop.bottom
            self._wire(way, (source.left, y), (loop.x, y), (loop.x, end))
        self._say(way, source.left, y, "left")

    def _out_of_loop(self, way: Transition) -> None:
        loop, target = self.boxes[way.source], self.boxes[way.target]
        y = self.y_of(way, way.target, "left")
        if loop.top < y < loop.bottom:
            self._wire(way, (loop.right, y), (target.left, y))
        else:
            self._wire(way, (loop.x, loop.top), (loop.x, y), (target.left, y))

    def _back_in(self, way: Transition) -> None:
        source, target = self.boxes[way.source], self.boxes[way.target]
        y = self.y_of(way, way.target, "right")
        self._wire(way, (source.x, source.bottom), (source.x, y), (target.right, y))
        # Above the line's other end: below the question stands the word of the way down.
        self.out.labels.append(Label(way.label, source.x - 5, y - 4, "end"))

    def _into_top(self, way: Transition) -> None:
        """The way as far as the line that runs down into the target (see `_trunks`)."""
        source, target = self.boxes[way.source], self.boxes[way.target]
        if source.right < target.x:
            y = self.y_of(way, way.source, "right")
            self._wire(way, (source.right, y), (target.x, y), arrow=False)
            self._say(way, source.right, y, "right")

    def _trunks(self, ways: list[Transition]) -> None:
        starts: dict[str, list[tuple[float, bool]]] = defaultdict(list)
        for way in ways:
            source, target = self.boxes[way.source], self.boxes[way.target]
            under = source.right >= target.x
            y = source.bottom if under else self.y_of(way, way.source, "right")
            starts[way.target].append((y, way.on_error))
        for name, ys in starts.items():
            target = self.boxes[name]
            style = "error" if all(error for _, error in ys) else "mixed"
            points = ((target.x, min(y for y, _ in ys)), (target.x, target.top))
            self.out.wires.append(Wire(points, style))

    def _rail(self, rail: Rail) -> None:
        end = self.port_of["rail", rail.target.name, rail.side].y
        edge = rail.target.left if rail.side == "left" else rail.target.right
        ends = []
        for source, way in rail.ways:
            y = self.y_of(way, source.name, rail.side)
            ends.append((abs(y - end), y, source, way))
        ends.sort(key=lambda item: item[0])
        errors = [way.on_error for _, way in rail.ways]
        style = "error" if all(errors) else "mixed" if any(errors) else "way"
        starts = [source.left if rail.side == "left" else source.right for _, _, source, _ in ends]
        _, far, _, farthest = ends[-1]
        points = [(rail.x, far), (rail.x, end), (edge, end)]
        whole = style == ("error" if farthest.on_error else "way")
        if whole:
            points.insert(0, (starts[-1], far))
        self.out.wires.append(Wire(tuple(points), style))
        for index, (start, (_, y, _, way)) in enumerate(zip(starts, ends, strict=True)):
            if not whole or index < len(ends) - 1:
                self._wire(way, (start, y), (rail.x, y), arrow=False)
            self._say(way, start, y, rail.side)
