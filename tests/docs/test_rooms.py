"""The picture of the packages has every package, every import, and nothing over anything else."""

from __future__ import annotations

import itertools
from pathlib import Path
from xml.etree import ElementTree

import grimp
import pytest

from cli.graph.scene import Point
from docs.pictures import rooms
from docs.pictures.rooms import Arrow, Floor, Room

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def floors() -> dict[str, Floor]:
    return rooms.read()[0]


def reachable(arrows: set[Arrow], start: str) -> set[str]:
    found: set[str] = set()
    todo = [start]
    while todo:
        room = todo.pop()
        new = {target for source, target in arrows if source == room} - found
        found |= new
        todo += new
    return found


def runs_through(start: Point, end: Point, room: Room) -> bool:
    """Whether a line has a point well inside a box."""
    for step in range(201):
        x = start[0] + (end[0] - start[0]) * step / 200
        y = start[1] + (end[1] - start[1]) * step / 200
        if (
            abs(x - room.x) < room.width / 2 - 1
            and abs(y - room.y) < room.height / 2 - 1
            and room.lines
        ):
            return True
    return False


def test_every_package_is_in_the_picture() -> None:
    texts = {
        element.text
        for element in ElementTree.fromstring(rooms.draw()).iter(  # noqa: S314 - our own text
            "{http://www.w3.org/2000/svg}text"
        )
    }
    there = {"cli/", "agent/", "handlers/"}
    for folder in ("functions/lifecycle", "local"):
        for path in (ROOT / folder).iterdir():
            if any(path.rglob("*.py")):
                there.add(f"{path.name}/")
    there |= {path.name for path in (ROOT / "local").glob("*.py")} - {"__init__.py"}
    assert there <= texts
    shared = {path.stem for path in (ROOT / "functions/lifecycle").glob("*.py")} - {"__init__"}
    drawn = {name for text in texts if text and "·" in text for name in text.split(" · ")}
    assert drawn == shared


def test_every_import_is_an_arrow_or_implied_by_arrows(floors: dict[str, Floor]) -> None:
    graph = grimp.build_graph("lifecycle", "local", cache_dir=None)
    checked = 0
    for top, floor in (("lifecycle", floors["functions"]), ("local", floors["local"])):
        for importer in graph.find_descendants(top):
            for imported in graph.find_modules_directly_imported_by(importer):
                source, target = (
                    next(
                        room
                        for room in (f"{name}/", f"{name}.py", rooms.SHARED)
                        if room in floor.rooms
                    )
                    for name in (importer.split(".")[1], imported.split(".")[1])
                )
                if source != target:
                    checked += 1
                    assert target in reachable(floor.arrows, source), f"{importer} -> {imported}"
    assert checked > 50


def test_no_arrow_is_more_than_is_needed(floors: dict[str, Floor]) -> None:
    for floor in floors.values():
        for arrow in floor.arrows:
            assert arrow[1] not in reachable(floor.arrows - {arrow}, arrow[0])


def test_nothing_lies_over_anything_else(floors: dict[str, Floor]) -> None:
    for floor in floors.values():
        assert set(floor.ways) == floor.arrows
        for (source, target), way in floor.ways.items():
            for start, end in itertools.pairwise(way):
                for room in floor.rooms.values():
                    assert not runs_through(start, end, room), f"{source} -> {target}: {room.name}"
        for one, other in itertools.combinations(floor.rooms.values(), 2):
            assert (
                abs(one.x - other.x) >= (one.width + other.width) / 2
                or abs(one.y - other.y) >= (one.height + other.height) / 2
            ), f"{one.name} lies over {other.name}"


def test_arrows_that_others_imply_are_left_out() -> None:
    arrows = {("a", "b"), ("b", "c"), ("a", "c"), ("c", "d"), ("a", "d")}
    assert rooms.reduced(arrows) == {("a", "b"), ("b", "c"), ("c", "d")}


def test_a_cycle_is_refused() -> None:
    with pytest.raises(ValueError, match="import each other"):
        rooms.reduced({("a", "b"), ("b", "c"), ("c", "a")})


def test_an_arrow_over_more_than_one_row_goes_around_what_lies_between() -> None:
    arrows = {("a", "b"), ("b", "c"), ("c", "d"), ("a", "x"), ("x", "d")}
    floor = Floor("f", {name: Room(name, [name]) for name in "abcdx"}, arrows)
    rooms.lay_out(floor)
    for start, end in itertools.pairwise(floor.ways["x", "d"]):
        assert not runs_through(start, end, floor.rooms["c"])
    assert floor.ways["x", "d"][-1][1] == floor.rooms["d"].y - floor.rooms["d"].height / 2


def test_an_import_between_folders_that_has_no_place_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    floors, between = rooms.read()
    monkeypatch.setattr(rooms, "read", lambda: (floors, between | {("functions", "local")}))
    with pytest.raises(ValueError, match="no place in the picture"):
        rooms.draw()
