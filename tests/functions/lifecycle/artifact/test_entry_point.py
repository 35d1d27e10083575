"""How a zip starts: what the request says, or the default of its language; what is missing is said before a build."""

from __future__ import annotations

import json

import pytest

from lifecycle.artifact.entry_point import package_entry_point, source_entry_point
from lifecycle.errors import ArtifactBuildError

ADOT = "strands-agents==1.0\naws-opentelemetry-distro==0.12\n"
PYTHON, NODE = "PYTHON_3_13", "NODE_22"


def of_source(
    files: dict[str, str], runtime: str = PYTHON, given: list[str] | None = None
) -> list[str]:
    return source_entry_point(given, runtime, files, lambda name: files.get(name, ""))


def of_package(
    files: dict[str, str], runtime: str = PYTHON, given: list[str] | None = None
) -> list[str]:
    return package_entry_point(given, runtime, files, lambda name: files.get(name, ""))


@pytest.mark.parametrize(
    ("requirements", "entry_point"),
    [("", ["main.py"]), (ADOT, ["opentelemetry-instrument", "main.py"])],
)
def test_python(requirements: str, entry_point: list[str]) -> None:
    assert of_source({"main.py": "", "requirements.txt": requirements}) == entry_point


@pytest.mark.parametrize(
    ("package", "files", "entry_point"),
    [
        ({}, ["index.js"], "index.js"),
        ({"main": ""}, ["index.js"], "index.js"),
        ({"main": 1}, ["index.js"], "index.js"),
        ({"main": "./a.mjs"}, ["a.mjs"], "a.mjs"),
        ({"main": "lib"}, ["lib/index.js"], "lib/index.js"),
        ({"main": "lib/a"}, ["lib/a.js"], "lib/a.js"),
        ([], ["index.js"], "index.js"),
    ],
)
def test_node(package: object, files: list[str], entry_point: str) -> None:
    there = {"package.json": json.dumps(package), **dict.fromkeys(files, "")}
    assert of_source(there, NODE) == [entry_point]
    assert of_package(there, NODE) == [entry_point]


@pytest.mark.parametrize(
    ("files", "runtime", "given", "said"),
    [
        ({"main.py": ""}, PYTHON, None, "no requirements.txt at its root"),
        ({"requirements.txt": ""}, PYTHON, None, "no main.py at its root"),
        ({"requirements.txt": "", "main.py": ""}, PYTHON, ["x", "app.py"], "no app.py"),
        ({"index.js": ""}, NODE, None, "no package.json at its root"),
        ({"package.json": "{}"}, NODE, None, "no index.js"),
        ({"package.json": '{"main": "../x.js"}', "x.js": ""}, NODE, None, r"no \.\./x\.js"),
        ({"package.json": "{", "index.js": ""}, NODE, None, "not valid JSON"),
        ({"package.json": "[" * 99999, "index.js": ""}, NODE, None, "not valid JSON"),
        (
            {"package.json": json.dumps({"main": "a" * 500})} | {"a" * 500: ""},
            NODE,
            None,
            "at most 128 characters",
        ),
    ],
)
def test_what_a_source_misses(
    files: dict[str, str], runtime: str, given: list[str] | None, said: str
) -> None:
    with pytest.raises(ArtifactBuildError, match=said) as caught:
        of_source(files, runtime, given)
    assert len(str(caught.value)) < 500


TOOL = "bin/opentelemetry-instrument"


def test_a_package_is_started_by_its_program() -> None:
    files = {"main.py": "", TOOL: "#!/usr/bin/env python3\n"}
    assert of_package(files) == ["opentelemetry-instrument", "main.py"]
    assert of_package({"main.py": ""}) == ["main.py"]
    assert of_package(files, given=["main.py"]) == ["main.py"]


@pytest.mark.parametrize(
    ("files", "given", "said"),
    [
        ({"app.py": ""}, None, "the package has no main.py"),
        ({"main.py": ""}, ["tool", "main.py"], "no 'bin/tool'"),
        (
            {"main.py": "", TOOL: "#!/build/.venv/bin/python3\n"},
            None,
            "write #!/usr/bin/env python3",
        ),
    ],
)
def test_a_package_that_cannot_start(
    files: dict[str, str], given: list[str] | None, said: str
) -> None:
    with pytest.raises(ArtifactBuildError, match=said):
        of_package(files, given=given)
