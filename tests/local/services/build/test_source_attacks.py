"""A source that attacks its build: nothing of it runs but the RUN lines of its Dockerfile, without our keys."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.local.services.build.agent_builds import SMALL, build, package_of, why

pytestmark = pytest.mark.usefixtures("project")
Files = dict[str, str | bytes]
NEEDS_NPM = pytest.mark.skipif(shutil.which("npm") is None, reason="this machine has no npm")
CONTAINER: Files = {
    "Dockerfile": "FROM python:3.13-slim\nCOPY main.py .\n",
    "main.py": "print(1)\n",
}
PROGRAMS = "aws cat cp docker env find git grep head mktemp n node npm pip python3 realpath sed tee test uv"


@pytest.fixture
def mark(tmp_path: Path) -> Path:
    """A file that code of the source makes when it runs."""
    return tmp_path / "was-run"


def shell(mark: Path) -> str:
    return f"#!/bin/sh\ntouch '{mark}'\nexit 0\n"


def python(mark: Path) -> str:
    return f"open({str(mark)!r}, 'w').close()\n"


def build_code(account: Any, files: Files, **more: str) -> dict[str, Any]:
    return build(account, files, ARTIFACT_TYPE="code", ARTIFACT_PREFIX="builds/theirs/", **more)


def build_node(account: Any, package: dict[str, Any], files: Files) -> dict[str, Any]:
    whole = {"name": "a", "version": "1.0.0", **package}
    node: Files = {"index.js": "", "package.json": json.dumps(whole), **files}
    return build_code(account, node, RUNTIME="NODE_22", ENTRY_FILE="index.js")


def test_programs_named_as_ours_are_not_run(account: Any, mark: Path) -> None:
    theirs: Files = {
        f"{folder}{name}": shell(mark) for name in PROGRAMS.split() for folder in ("", "bin/")
    }
    built = build_code(account, SMALL | theirs)
    assert built["buildStatus"] == "SUCCEEDED", account.log(built)
    image = build(account, CONTAINER | theirs, ARTIFACT_TYPE="container", IMAGE_TAG="theirs")
    assert image["buildStatus"] == "SUCCEEDED", account.log(image)
    assert not mark.exists()


def test_modules_named_as_ours_are_not_imported(account: Any, mark: Path) -> None:
    names = (
        "zipfile",
        "re",
        "sys",
        "pathlib",
        "sitecustomize",
        "usercustomize",
        "pip",
        "encodings",
    )
    theirs: Files = {f"{name}.py": python(mark) for name in names}
    built = build_code(account, SMALL | theirs)
    assert built["buildStatus"] == "SUCCEEDED", account.log(built)
    assert not mark.exists()


def test_settings_of_the_source_are_not_read(account: Any) -> None:
    theirs: Files = {
        "uv.toml": "this is no TOML",
        "pyproject.toml": "[tool.uv]\nno-such-setting = [",
        "pip.conf": "[global]\nindex-url = http://127.0.0.1:9/",
        "setup.cfg": "[install]\nprefix=/",
        ".python-version": "2.0",
        ".docker/config.json": "{",
        ".aws/config": "[default]\nendpoint_url = http://127.0.0.1:9/",
    }
    built = build_code(account, SMALL | theirs)
    assert built["buildStatus"] == "SUCCEEDED", account.log(built)


@pytest.mark.parametrize(
    "requirement", ["./theirs", "theirs @ file:./theirs", "--no-binary :all:\n./theirs"]
)
def test_a_folder_of_the_source_is_not_built(account: Any, mark: Path, requirement: str) -> None:
    """An editable one is refused before: see the tests of the requirements."""
    files = SMALL | {"requirements.txt": requirement, "theirs/setup.py": python(mark)}
    built = build_code(account, files)
    assert built["buildStatus"] == "FAILED"
    assert "uv pip install" in why(built)
    assert not mark.exists()


@NEEDS_NPM
@pytest.mark.parametrize(
    "hook", ["preinstall", "install", "postinstall", "prepare", "dependencies"]
)
def test_scripts_of_packages_are_not_run(account: Any, mark: Path, hook: str) -> None:
    scripts = {"scripts": {hook: f"touch '{mark}'"}}
    theirs: Files = {
        "packages/dep/package.json": json.dumps({"name": "dep", "version": "1.0.0", **scripts}),
        ".npmrc": f"ignore-scripts=false\nscript-shell={mark}\nforeground-scripts=true\n",
        "packages/dep/.npmrc": "ignore-scripts=false\n",
    }
    package = {**scripts, "workspaces": ["packages/*"], "dependencies": {"dep": "1.0.0"}}
    built = build_node(account, package, theirs)
    assert built["buildStatus"] == "SUCCEEDED", account.log(built)
    assert not mark.exists()
    with zipfile.ZipFile(io.BytesIO(package_of(account, built, "builds/theirs/"))) as zipped:
        assert "node_modules/dep/package.json" in zipped.namelist()


@NEEDS_NPM
def test_no_program_of_the_source_stands_in_for_git(account: Any, mark: Path) -> None:
    program = mark.with_name("git-of-theirs")
    program.write_text(shell(mark), encoding="utf-8")
    program.chmod(0o755)
    package = {"dependencies": {"dep": "git+file:///nowhere/dep.git"}}
    built = build_node(account, package, {".npmrc": f"git={program}\n"})
    assert built["buildStatus"] == "FAILED"  # there is no such repository
    assert "npm install" in why(built)
    assert not mark.exists()


@NEEDS_NPM
def test_a_link_out_of_the_source_is_refused(account: Any, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "package.json").write_text('{"name": "dep", "version": "1.0.0"}', encoding="utf-8")
    (outside / "credentials").write_text("of the host", encoding="utf-8")
    built = build_node(account, {"dependencies": {"dep": f"file:{outside}"}}, {})
    assert built["buildStatus"] == "FAILED"
    said = "The source links to files outside of itself: node_modules/dep"
    assert said in account.log(built).splitlines()


def test_what_a_dockerfile_runs_has_no_keys(account: Any) -> None:
    files = CONTAINER | {"Dockerfile": "FROM python:3.13-slim\nRUN env\nRUN echo listed\n"}
    built = build(account, files, ARTIFACT_TYPE="container", IMAGE_TAG="theirs")
    assert built["buildStatus"] == "SUCCEEDED", account.log(built)
    log = account.log(built)
    assert "listed" in log
    assert "AWS_SECRET_ACCESS_KEY=" not in log
    assert "AWS_SESSION_TOKEN=" not in log


def test_the_registrys_password_comes_after_the_source(account: Any) -> None:
    """So no FROM line and no frontend of a Dockerfile reads another agent's image."""
    first = build(account, CONTAINER, ARTIFACT_TYPE="container", IMAGE_TAG="first")
    log = account.log(first)
    assert log.index("docker build --tag") < log.index("docker login --username")
