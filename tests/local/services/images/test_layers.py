"""What a RUN line made is used again when nothing that it depends on has changed, and only then."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from local.services.images import layers as layers_module
from local.services.images.builder import ImageBuilder
from local.services.images.layers import Layers
from local.services.images.store import Image

Build = Callable[..., Image]
# `count` is outside of the image: how often the line was really executed.
INSTALL = """
FROM python:3.13-slim
ENV GREETING=hello
WORKDIR /app
COPY requirements.txt .
RUN pip install -r requirements.txt && pwd > where && ln -s /app/where link && echo x >> "$COUNT"
COPY main.py .
CMD ["python", "main.py"]
"""


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("UV_COUNT", str(tmp_path / "count"))
    return tmp_path / "count"


@pytest.fixture
def build(tmp_path: Path, said: list[str], count: Path) -> Build:
    """Build a Dockerfile; `files` are the context."""
    made = 0

    def run(dockerfile: str, files: dict[str, str], *, layers: bool = True) -> Image:
        nonlocal made
        made += 1
        context, folder = tmp_path / "context", tmp_path / f"tree{made}"
        folder.mkdir()
        text = dockerfile.replace("$COUNT", "$UV_COUNT")
        for name, content in {**files, "Dockerfile": text}.items():
            context.mkdir(exist_ok=True)
            (context / name).write_text(content, encoding="utf-8")
        said.clear()
        kept = Layers(tmp_path / "layers", worth_seconds=0) if layers else None
        builder = ImageBuilder(context, folder, {}, said.append, kept)
        return builder.build(context / "Dockerfile")

    return run


def files(main: str = "print(1)", requirements: str = "six\n") -> dict[str, str]:
    return {"main.py": main, "requirements.txt": requirements}


def executed(count: Path) -> int:
    return len(count.read_text(encoding="utf-8").splitlines())


def test_another_line_of_the_agent_does_not_install_again(
    build: Build, said: list[str], count: Path
) -> None:
    first = build(INSTALL, files())
    second = build(INSTALL, files("import six, os; print(2, os.environ['GREETING'])"))
    assert (executed(count), said.count("CACHED")) == (1, 1)
    for image, printed in ((first, b"1\n"), (second, b"2 hello\n")):
        done = subprocess.run(
            image.command, env=image.environment, cwd=image.workdir, capture_output=True, check=True
        )
        assert done.stdout == printed
    assert first.digest != second.digest


def test_the_image_is_the_same_as_without_the_layer(build: Build, count: Path) -> None:
    first, again = build(INSTALL, files()), build(INSTALL, files())
    anew = build(INSTALL, files(), layers=False)
    assert executed(count) == 2
    assert first.digest == again.digest == anew.digest
    assert first.size == again.size == anew.size


def test_nothing_of_a_layer_names_the_place_of_another_image(build: Build) -> None:
    first, second = build(INSTALL, files()), build(INSTALL, files())
    assert (second.root / "app/where").read_text().strip() == f"{second.root}/app"
    assert str((second.root / "app/link").readlink()) == f"{second.root}/app/where"
    for file in second.root.rglob("*"):
        if file.is_file() and not file.is_symlink() and file.suffix != ".pyc":
            assert str(first.root).encode() not in file.read_bytes(), file


@pytest.mark.parametrize(
    ("changed", "to"),
    [
        (("RUN pip", "RUN  pip"), {}),
        (("GREETING=hello", "GREETING=bye"), {}),
        (("WORKDIR /app", "WORKDIR /srv"), {}),
        (("python:3.13-slim", "python:3.12"), {}),
        (("x", "x"), {"requirements": "six>1\n"}),
    ],
)
def test_what_a_line_depends_on_makes_it_run_again(
    build: Build, count: Path, changed: tuple[str, str], to: dict[str, str]
) -> None:
    build(INSTALL, files())
    build(INSTALL.replace(*changed).replace("/app/where", "where"), files(**to))
    assert executed(count) == 2


def test_a_layer_that_was_written_to_is_made_again(build: Build, count: Path) -> None:
    own = "for place in /usr/local/lib/python3*/site-packages; do echo OWN=1 > $place/own.py; done"
    dockerfile = INSTALL.replace("pip install -r requirements.txt", f"{{ {own}; }}")
    first = build(dockerfile, files())
    (module,) = first.root.glob("usr/local/lib/python3*/site-packages/own.py")
    with module.open("a") as file:
        file.write("# an agent wrote this\n")
    second = build(dockerfile, files())
    assert executed(count) == 2
    (module,) = second.root.glob("usr/local/lib/python3*/site-packages/own.py")
    assert module.read_text() == "OWN=1\n"


def test_a_copied_file_replaces_a_package_of_this_image_only(build: Build, count: Path) -> None:
    (place,) = build(INSTALL, files()).root.glob("usr/local/lib/python3*/site-packages")
    inside = "/usr/local/lib/" + place.parent.name + "/site-packages/six.py"
    patched = INSTALL.replace("COPY main.py .", f"COPY main.py {inside}")
    build(patched, files("# patched"))
    second = build(INSTALL, files())
    assert executed(count) == 1
    (module,) = second.root.glob("usr/local/lib/python3*/site-packages/six.py")
    assert "# patched" not in module.read_text()


def test_a_line_after_a_change_runs_on_what_the_layer_has(build: Build, count: Path) -> None:
    dockerfile = INSTALL.replace("CMD", 'RUN python main.py > out && echo y >> "$COUNT"\nCMD')
    for number in (1, 2):
        image = build(dockerfile, files(f"import six; print({number})"))
        assert (image.root / "app/out").read_text() == f"{number}\n"
    assert count.read_text().split() == ["x", "y", "y"]


def test_stages_have_layers_too(build: Build, count: Path) -> None:
    dockerfile = (
        "FROM python:3.13 AS builder\nCOPY requirements.txt /\n"
        'RUN pip install --target /packages -r requirements.txt && echo x >> "$COUNT"\n'
        "FROM python:3.13\nCOPY --from=builder /packages /packages\n"
        'RUN ls /packages > list && echo y >> "$COUNT"\nCOPY main.py .\n'
    )
    build(dockerfile, files())
    image = build(dockerfile, files("print(2)"))
    assert executed(count) == 2
    assert (image.root / "packages/six.py").is_file()
    build(dockerfile, files("print(2)", "six>1\n"))
    assert count.read_text().split() == ["x", "y"] * 2


def test_only_what_is_worth_it_is_kept_and_never_more_than_the_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layers_module, "MOST", 2)
    layers, root = Layers(tmp_path / "layers", worth_seconds=1), tmp_path / "root"
    root.mkdir()
    (root / "file").write_text("x")
    layers.keep("quick", root, 0.9)
    assert not layers.has("quick")
    for key in ("a", "b"):
        layers.keep(key, root, 1.0)
    for number, key in enumerate(("b", "a")):
        place = tmp_path / "layers" / key
        time = 1_000_000_000 + number
        os.utime(place, (time, time))
    layers.keep("c", root, 1.0)
    assert {key: layers.has(key) for key in "abc"} == {"a": True, "b": False, "c": True}


def test_a_layer_that_is_gone_leaves_an_empty_folder(tmp_path: Path) -> None:
    layers, root = Layers(tmp_path / "layers", worth_seconds=0), tmp_path / "root"
    root.mkdir()
    (root / "file").write_text("x")
    layers.keep("a", root, 0)
    told = tmp_path / "layers" / "a" / "layer.json"
    told.write_text(json.dumps(json.loads(told.read_text()) | {"seal": "other"}))
    taken = tmp_path / "taken"
    taken.mkdir()
    assert not layers.take("a", taken)
    assert not layers.has("a")
    assert not layers.take("a", taken)
    assert [*taken.iterdir()] == []
