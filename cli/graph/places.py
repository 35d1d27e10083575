"""Finds where wires run beside placed states, and where they meet them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from cli.graph.definition import Transition
from cli.graph.layout import CAPTION, Placement
from cli.graph.scene import Box, Side

_PORT_GAP = 13.0
_RAIL_GAP = 15.0
_CLEARANCE = 20.0


@dataclass
class Port:
    """Where a wire meets a side of a box. Ports are sorted by `order` from above."""

    order: float
    y: float = 0.0


@dataclass
class Rail:
    """A vertical line at one side that all ways to one target share."""

    target: Box
    side: Side
    ways: list[tuple[Box, Transition]]
    x: float = 0.0

    @property
    def span(self) -> tuple[float, float]:
        """The heights of its upper and lower end."""
        ys = [self.target.y, *(source.y for source, _ in self.ways)]
        return min(ys), max(ys)

    @property
    def length(self) -> float:
        """How long it is."""
        return self.span[1] - self.span[0]


class Places:
    """Where the wires of a placed machine meet its boxes, and where the lines run that several wires share.

    Attributes:
        at: The placed states.
        boxes: Their boxes, by name.
        ports: Where wires meet each side of each box.
        rails: The shared lines, the shortest first.
    """

    def __init__(self, placement: Placement) -> None:
        self.at = placement
        self.boxes = placement.boxes
        self.ports: dict[tuple[str, Side], list[Port]] = defaultdict(list)
        self.rails: list[Rail] = []
        self.port_of: dict[tuple[str, str, Side], Port] = {}

    def set_rails(self) -> None:
        """Place the shared lines beside the boxes, none on another."""
        for index, rail in enumerate(self.rails):
            low, high = rail.span
            sign = -1 if rail.side == "left" else 1
            edges = [
                box.left if sign < 0 else box.right
                for box in self.boxes.values()
                if box.bottom > low - 1 and box.top < high + 1
            ]
            x = sign * (max(sign * edge for edge in edges) + _CLEARANCE)
            for other in self.rails[:index]:
                other_low, other_high = other.span
                if other.side == rail.side and other_high > low and other_low < high:
                    x = sign * max(sign * x, sign * other.x + _RAIL_GAP)
            rail.x = x

    def set_ports(self, later: list[tuple[str, Transition]]) -> None:
        """Place where wires meet boxes: those of the shared lines, and the others with their routes."""
        for rail in self.rails:
            # From above: what comes from above, nearest line first; what comes from below, farthest first.
            up = any(source.y > rail.target.y for source, _ in rail.ways)
            reach = abs(rail.x)
            self._port("rail", rail.target.name, rail.side, 1e6 - reach if up else -1e6 + reach)
            for source, _ in rail.ways:
                goes_up = rail.target.y < source.y
                self._port(
                    source.name + rail.target.name,
                    source.name,
                    rail.side,
                    -1e6 + reach if goes_up else 1e6 - reach,
                )
        for route, way in later:
            key = way.source + way.target
            if route == "into_loop":
                # The farther loop below, so that its line passes under the way into the nearer one.
                self._port(key, way.source, "left", -2e6 + abs(self.boxes[way.target].x))
            elif route == "out_of_loop":
                self._port(key, way.target, "left", 2e6)
            elif route in ("into_top", "across"):
                self._port(key, way.source, "right", 0.0)
            elif route == "back_in":
                self._port(key, way.target, "right", -2e6)
        for (name, _side), ports in self.ports.items():
            middle = self.boxes[name].y
            if self.boxes[name].inner:
                middle = self.boxes[name].top + CAPTION / 2
            for index, port in enumerate(sorted(ports, key=lambda p: p.order)):
                port.y = middle + (index - (len(ports) - 1) / 2) * _PORT_GAP

    def _port(self, key: str, box: str, side: Side, order: float) -> None:
        if (key, box, side) not in self.port_of:
            self.port_of[key, box, side] = Port(order)
            self.ports[box, side].append(self.port_of[key, box, side])

    def y_of(self, way: Transition, box: str, side: Side) -> float:
        """Return the height at which a way meets a side of a box."""
        return self.port_of[way.source + way.target, box, side].y
