"""The pictures show what the definitions say, and nothing lies over anything else."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from cli.graph.definition import machine_of, read
from cli.graph.scene import Box, Scene, Wire, overlap, text_width
from cli.graph.wiring import draw
from docs.pictures import generate, steps
from lifecycle.stages import STAGES, Machine

DEFINITIONS = sorted(generate.PROJECT.glob("statemachine/*.asl.json"))


def scenes(scene: Scene) -> Iterator[Scene]:
    yield scene
    for box in scene.boxes:
        for inner in box.inner:
            yield from scenes(inner)


def states(definition: dict[str, Any]) -> Iterator[str]:
    for name, state in definition["States"].items():
        yield name
        for inner in [*state.get("Branches", []), *filter(None, [state.get("ItemProcessor")])]:
            yield from states(inner)


def crosses(wire: Wire, box: Box) -> bool:
    """Whether a line runs through the inside of a box; its ends may lie on a side."""
    for (x1, y1), (x2, y2) in itertools.pairwise(wire.points):
        if (
            max(x1, x2) > box.left + 1
            and min(x1, x2) < box.right - 1
            and max(y1, y2) > box.top + 1
            and min(y1, y2) < box.bottom - 1
        ):
            return True
    return False


def test_no_picture_is_stale() -> None:
    for file, text in generate.pictures().items():
        assert file.read_text("utf-8") == text, f"{file.name} is stale: make pictures"


def test_every_definition_has_a_picture() -> None:
    assert {file.name.removesuffix(".asl.json") for file in DEFINITIONS} == set(generate.MACHINES)


def test_a_stale_picture_fails_the_check(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(generate, "FOLDER", tmp_path)
    monkeypatch.setattr(generate, "PROJECT", tmp_path)
    monkeypatch.setattr(generate, "pictures", lambda: {tmp_path / "a.svg": "<svg/>"})
    assert generate.main(["--check"]) == 1
    assert "a.svg is stale" in capsys.readouterr().err
    assert generate.main([]) == 0
    assert generate.main(["--check"]) == 0
    (tmp_path / "a.svg").write_text("<svg>changed</svg>")
    assert generate.main(["--check"]) == 1


@pytest.mark.parametrize("file", DEFINITIONS, ids=lambda file: file.stem)
def test_every_state_is_in_its_picture_once(file: Path) -> None:
    picture = generate.FOLDER / file.name.replace(".asl.json", ".svg")
    root = ElementTree.fromstring(picture.read_text("utf-8"))  # noqa: S314 - our own file
    texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    for name in states(json.loads(file.read_text("utf-8"))):
        assert texts.count(name) == 1


def test_pictures_need_no_css() -> None:
    """Colours are attributes of the elements; the one style is for dark pages, and overrides them."""
    for text in generate.pictures().values():
        root = ElementTree.fromstring(text)  # noqa: S314 - our own text
        for element in root.iter():
            name = element.tag.rpartition("}")[2]
            assert "class" not in element.attrib
            assert "style" not in element.attrib
            if name in ("rect", "polygon", "text"):
                assert re.fullmatch("#[0-9a-f]{6}", element.attrib["fill"])
            if name == "path":
                assert re.fullmatch("#[0-9a-f]{6}", element.attrib["stroke"])
            if name == "style":
                assert element.text is not None
                assert element.text.strip().startswith("@media (prefers-color-scheme: dark) {")
                assert element.text.count("@media") == 1
        assert "var(" not in text


def test_every_colour_has_its_counterpart_on_dark_pages() -> None:
    for name in generate.MACHINES:
        picture = generate.pictures()[generate.FOLDER / f"{name}.svg"]
        used = set(re.findall(r'(?:fill|stroke)="(#[0-9a-f]{6})"', picture.split("</style>")[1]))
        assert used
        for colour in used:
            assert f'[fill="{colour}"]' in picture


@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_small_picture_fits_a_screen(language: str) -> None:
    root = ElementTree.fromstring(steps.draw(language))  # noqa: S314 - our own text
    assert (root.attrib["width"], root.attrib["height"]) == ("800", "160")
    for box in root.iter("{http://www.w3.org/2000/svg}rect"):
        assert float(box.attrib["x"]) >= 0
        assert float(box.attrib["x"]) + float(box.attrib["width"]) <= 800


def test_the_small_picture_has_the_stages_in_their_order() -> None:
    path = read(generate.PROJECT / "statemachine" / "lifecycle.asl.json")
    known = list(
        states(
            json.loads((generate.PROJECT / "statemachine/lifecycle.asl.json").read_text("utf-8"))
        )
    )
    shown = [state for step in steps.STEPS for state in step.states]
    # The two branches of the Parallel state are one step; all others stand on the main path.
    main = [state for state in path.main_path() if state in shown]
    assert main == shown[2:]
    assert set(shown) <= set(known)
    others = {stage.state for stage in STAGES if stage.machine is Machine.LIFECYCLE} - set(shown)
    assert others == {
        "Prepare the request",
        "Plan the provision",
        "Plan the rollback",
        "Restore the version",
        # Only of those who give cases.
        "Run a batch of cases",
        "Judge the cases",
        # Only of those who want a canary.
        "Shift the traffic",
        "Judge the step",
        "Clear the canary",
        # Only of those who want a gateway.
        "Make the gateway",
        "Point the gateway at the version",
        "Deploy the gateway",
        "Test the gateway",
        "Delete the gateway",
        # Only of those who give credentials.
        "Deploy the credentials",
        "Retire the credentials",
        "Delete the credentials",
        # Only of those who want observability.
        "Deliver the telemetry",
        "Delete the telemetry",
        # Only of those who give evaluators.
        "Evaluate the sessions",
        "Record the failure",
        "Prepare the rollback",
        "Report the outcome",
        "Report the failure",
    }


def test_a_text_that_is_too_wide_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    step = replace(steps.STEPS[0], names={"en": ("A name that is far too long for its box",)})
    monkeypatch.setattr(steps, "STEPS", (step,))
    with pytest.raises(ValueError, match="wider than its place"):
        steps.draw("en")


@pytest.mark.parametrize("file", DEFINITIONS, ids=lambda file: file.stem)
def test_nothing_lies_over_anything_else(file: Path) -> None:
    for scene in scenes(draw(read(file))):
        for box in scene.boxes:
            assert text_width(box.name) <= box.width, f"{box.name} is wider than its box"
            for wire in scene.wires:
                assert not crosses(wire, box), f"a wire {wire.points} runs through {box.name}"
        for one, other in itertools.combinations(scene.boxes, 2):
            assert not overlap(one, other), f"{one.name} lies over {other.name}"


@pytest.mark.parametrize("file", DEFINITIONS, ids=lambda file: file.stem)
def test_no_word_lies_on_a_box_or_on_another_word(file: Path) -> None:
    for scene in scenes(draw(read(file))):
        for label in scene.labels:
            on = [box.name for box in scene.boxes if overlap(label, box)]
            assert on == [], f"{label.text!r} at {label.x}, {label.y} lies on it"
        for one, other in itertools.combinations(scene.labels, 2):
            assert not overlap(one, other), f"{one.text!r} lies on {other.text!r}"


def test_no_text_of_any_picture_cuts_the_side_of_a_box() -> None:
    for file, picture in generate.pictures().items():
        root = ElementTree.fromstring(picture)  # noqa: S314 - our own text
        boxes = [*_boxes(root)]
        texts = [*_texts(root)]
        assert len(texts) > 5
        for text, (left, top, right, bottom) in texts:
            for x1, y1, x2, y2 in boxes:
                apart = right <= x1 or x2 <= left or bottom <= y1 or y2 <= top
                inside = x1 <= left and right <= x2 and y1 <= top and bottom <= y2
                assert apart or inside, f"{file.name}: {text!r} cuts the side of a box"


_SVG = "{http://www.w3.org/2000/svg}"
Area = tuple[float, float, float, float]


def _boxes(root: ElementTree.Element) -> Iterator[Area]:
    """Left, top, right and bottom of each box; heads of arrows are triangles."""
    for element in root.iter(f"{_SVG}rect"):
        x, y, width, height = (float(element.attrib[n]) for n in ("x", "y", "width", "height"))
        yield x, y, x + width, y + height
    for element in root.iter(f"{_SVG}polygon"):
        corners = [tuple(map(float, p.split(","))) for p in element.attrib["points"].split()]
        if len(corners) > 3:
            xs, ys = zip(*corners, strict=True)
            yield min(xs), min(ys), max(xs), max(ys)


def _texts(root: ElementTree.Element) -> Iterator[tuple[str, Area]]:
    for element in root.iter(f"{_SVG}text"):
        text, size = str(element.text), float(element.attrib["font-size"])
        wide = [character for character in text if ord(character) > 0x2E80]
        narrow = "".join(character for character in text if ord(character) <= 0x2E80)
        width = len(wide) * size + text_width(narrow, size)
        x, y = float(element.attrib["x"]), float(element.attrib["y"])
        left = x - {"start": 0, "middle": width / 2, "end": width}[element.attrib["text-anchor"]]
        yield text, (left, y - size * 0.8, left + width, y + size * 0.25)


@pytest.mark.parametrize("file", DEFINITIONS, ids=lambda file: file.stem)
def test_every_way_is_drawn(file: Path) -> None:
    """Each arrow's end lies on its target, and as many targets have one as the definition has."""
    machine = read(file)
    scene = draw(machine)
    ends = [wire.points[-1] for wire in scene.wires if wire.arrow]
    for target in {way.target for way in machine.transitions}:
        box = next(box for box in scene.boxes if box.name == target)
        assert any(
            abs(y - side) < 0.1 and box.left <= x <= box.right
            for x, y in ends
            for side in (box.top, box.bottom)
        ) or any(
            abs(x - side) < 0.1 and box.top <= y <= box.bottom
            for x, y in ends
            for side in (box.left, box.right)
        ), f"no arrow ends at {target}"


def test_a_cycle_beside_the_main_path_is_placed() -> None:
    def task(way: str, error: str | None = None) -> dict[str, Any]:
        catch = [{"ErrorEquals": ["States.ALL"], "Next": error}] if error else []
        return {"Type": "Task", "Next": way, "Catch": catch}

    def choice(yes: str, no: str) -> dict[str, Any]:
        return {"Type": "Choice", "Choices": [{"Next": yes}], "Default": no}

    machine = machine_of(
        {
            "StartAt": "Begin",
            "States": {
                "Begin": task("Work", "Repair"),
                "Work": task("End", "Repair"),
                "Repair": task("Is it repaired?"),
                "Is it repaired?": choice("Check the repair", "Failed"),
                "Check the repair": task("Repair", "Failed"),
                "End": {"Type": "Succeed"},
                "Failed": {"Type": "Fail"},
            },
        }
    )
    boxes = {box.name: box for box in draw(machine).boxes}
    assert boxes.keys() == machine.states.keys()
    assert boxes["Repair"].y < boxes["Is it repaired?"].y


def test_a_machine_with_very_many_ways_through_is_drawn() -> None:
    """Two ways from each of 100 questions to the next: nobody can try them all."""
    states: dict[str, Any] = {"State 100": {"Type": "Succeed"}}
    for number in range(100):
        here, aside, there = f"State {number}", f"Aside {number}", f"State {number + 1}"
        states[here] = {"Type": "Choice", "Choices": [{"Next": aside}], "Default": there}
        states[aside] = {"Type": "Task", "Next": there}
    path = machine_of({"StartAt": "State 0", "States": states}).main_path()
    assert len(path) == 201


def test_every_picture_of_the_console_is_small_and_on_a_page() -> None:
    pages = "".join(page.read_text("utf-8") for page in generate.PROJECT.glob("docs/**/console.md"))
    pictures = sorted((generate.FOLDER / "console").glob("*.png"))
    assert len(pictures) > 10
    for picture in pictures:
        assert picture.stat().st_size < 200_000, picture.name
        assert f"pictures/console/{picture.name})" in pages, picture.name
