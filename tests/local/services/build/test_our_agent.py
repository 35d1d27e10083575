"""The buildspec that ships, with the agent that ships: an image, a package, and what they refuse."""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path
from typing import Any

import pytest

from lifecycle.artifact.desired import CODE_RUNTIME
from lifecycle.artifact.shared.order import python_version
from local.agentcore.data.code import missing_interpreter
from tests.local.services.build.agent_builds import (
    FILES,
    REPOSITORY,
    ROOT,
    SMALL,
    build,
    exported,
    of_the_project,
    package_of,
    why,
)


@pytest.mark.usefixtures("project")
def test_an_image_of_the_agent(account: Any) -> None:
    built = build(account, FILES, ARTIFACT_TYPE="container", IMAGE_TAG="one")
    assert built["buildStatus"] == "SUCCEEDED", account.log(built)

    digest, tag = exported(built)["IMAGE_DIGEST"], f"one-{built['id'].rpartition(':')[2]}"
    (there,) = account.client("ecr").describe_images(
        repositoryName="agents", imageIds=[{"imageDigest": digest}]
    )["imageDetails"]
    assert there["imageTags"] == [tag]
    image = account.images.resolve(f"{REPOSITORY}@{digest}")
    assert image == account.images.resolve(f"{REPOSITORY}:{tag}")
    assert image.digest == digest
    assert image.command == ["opentelemetry-instrument", "python", "main.py"]
    assert (image.workdir / "main.py").read_bytes() == FILES["main.py"]
    assert not (image.workdir / "Dockerfile").exists()
    assert (image.root / "usr/local/bin/opentelemetry-instrument").is_file()
    assert image.environment["PATH"].startswith(f"{image.root}/usr/local/bin:")


@pytest.mark.usefixtures("project")
def test_a_package_of_the_agent(account: Any) -> None:
    built = build(account, FILES, ARTIFACT_TYPE="code", ARTIFACT_PREFIX="builds/agent/")
    assert built["buildStatus"] == "SUCCEEDED", account.log(built)

    with zipfile.ZipFile(io.BytesIO(package_of(account, built, "builds/agent/"))) as package:
        modes = {entry.filename: entry.external_attr >> 16 for entry in package.infolist()}
        assert package.read("main.py") == FILES["main.py"]
    assert {"strands/__init__.py", "bin/opentelemetry-instrument"} < modes.keys()
    for name, mode in modes.items():
        folder = name.endswith("/")
        assert mode == (0o40755 if folder else 0o100755 if name.startswith("bin/") else 0o100644)


@pytest.mark.usefixtures("project")
def test_the_package_starts_by_its_own_first_line(account: Any, tmp_path: Path) -> None:
    # AgentCore runs `bin/opentelemetry-instrument` by its first line, where the build's interpreter is not there.
    built = build(account, FILES, ARTIFACT_TYPE="code", ARTIFACT_PREFIX="builds/started/")
    assert built["buildStatus"] == "SUCCEEDED", account.log(built)
    files = tmp_path / "task"
    with zipfile.ZipFile(io.BytesIO(package_of(account, built, "builds/started/"))) as package:
        package.extractall(files)
    programs = [path for path in (files / "bin").iterdir() if path.is_file()]
    assert files / "bin" / "opentelemetry-instrument" in programs
    for program in programs:
        program.chmod(0o755)
        first = program.read_bytes().split(b"\n", 1)[0]
        assert not first.startswith(b"#!") or first == b"#!/usr/bin/env python3", program.name
        assert missing_interpreter(program) is None

    runtime = tmp_path / "runtime"
    venv.create(runtime, symlinks=True, with_pip=False)
    started = subprocess.run(
        [
            files / "bin" / "opentelemetry-instrument",
            runtime / "bin" / "python",
            *("-c", "import sys, strands; print(sys.prefix)"),
        ],
        env={
            "PATH": f"{runtime / 'bin'}:/usr/bin:/bin",
            "PYTHONPATH": str(files),
            "OTEL_SDK_DISABLED": "true",
        },
        cwd=files,
        capture_output=True,
        text=True,
        check=False,
    )
    assert started.returncode == 0, started.stderr
    assert started.stdout.splitlines()[-1] == str(runtime)


ENV = b"#!/usr/bin/env python3\n"


@pytest.mark.parametrize(
    ("head", "becomes"),
    [
        (b"#!/build/bin/python3\n", ENV),
        (b"#!/build/python3.13 -E\n", ENV),
        (b"#!/bin/sh\n'''exec' '/a long path/bin/py' \"$0\" \"$@\"\n' '''\n", ENV),
        (b"#!/bin/sh\nexec python3 -V\n", b"#!/bin/sh\nexec python3 -V\n"),
        (b"#!/usr/bin/env -S python3 -E\n", b"#!/usr/bin/env -S python3 -E\n"),
        (b"#!/usr/bin/env node\n", b"#!/usr/bin/env node\n"),
        (b"import os\n#!/build/bin/python3\n", b"import os\n#!/build/bin/python3\n"),
    ],
)
def test_only_an_interpreter_of_the_build_is_replaced(head: bytes, becomes: bytes) -> None:
    spec = (ROOT / "functions" / "lifecycle" / "artifact" / "buildspec.yml").read_text(
        encoding="utf-8"
    )
    found = re.search(r'FIRST_LINES = re.compile\(rb"(.+)"\)', spec)
    assert found is not None
    assert re.sub(found[1].encode(), ENV, head + b"x") == becomes + b"x"


@pytest.mark.usefixtures("project")
def test_the_same_source_gives_the_same_package(account: Any) -> None:
    packages = []
    for _ in range(2):
        built = build(account, SMALL, ARTIFACT_TYPE="code", ARTIFACT_PREFIX="builds/small/")
        assert built["buildStatus"] == "SUCCEEDED", account.log(built)
        packages.append(package_of(account, built, "builds/small/"))
    assert packages[0] == packages[1]


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("kind", "missing", "said"),
    [
        ("container", "", "The source has no Dockerfile at its root."),
        ("code", "main.py", "The source does not have the file of the entry point."),
        ("code", "requirements.txt", "The source has no requirements.txt at its root."),
        ("other", "", "ARTIFACT_TYPE must be container or code."),
    ],
)
def test_what_is_missing_is_said(account: Any, kind: str, missing: str, said: str) -> None:
    files = {name: text for name, text in SMALL.items() if name != missing}
    built = build(account, files, ARTIFACT_TYPE=kind, IMAGE_TAG="x", ARTIFACT_PREFIX="x/")
    assert built["buildStatus"] == "FAILED"
    assert said in why(built)
    assert said in account.log(built).splitlines()
    failed = [p["phaseType"] for p in built["phases"] if p.get("phaseStatus") == "FAILED"]
    assert failed == ["PRE_BUILD"]


@pytest.mark.usefixtures("project")
@pytest.mark.skipif(shutil.which("npm") is None, reason="this machine has no npm")
@pytest.mark.parametrize("locked", [True, False])
def test_a_package_of_a_node_agent(account: Any, locked: bool) -> None:
    node: dict[str, str | bytes] = {
        "index.js": 'require("greeting");\n',
        "package.json": json.dumps(
            {
                "name": "a",
                "version": "1.0.0",
                "workspaces": ["packages/*"],
                "dependencies": {"greeting": "1.0.0"},
            }
        ),
        "packages/greeting/package.json": '{"name": "greeting", "version": "1.0.0"}',
        "packages/greeting/index.js": "",
    }
    if locked:
        node["package-lock.json"] = json.dumps(
            {
                "name": "a",
                "version": "1.0.0",
                "lockfileVersion": 3,
                "packages": {
                    "": json.loads(str(node["package.json"])),
                    "packages/greeting": {"name": "greeting", "version": "1.0.0"},
                    "node_modules/greeting": {"resolved": "packages/greeting", "link": True},
                },
            }
        )
    variables = {
        "RUNTIME": "NODE_22",
        "ENTRY_FILE": "index.js",
        "ARTIFACT_PREFIX": "builds/node/",
    }
    built = build(account, node, ARTIFACT_TYPE="code", **variables)
    assert built["buildStatus"] == "SUCCEEDED", account.log(built)
    with zipfile.ZipFile(io.BytesIO(package_of(account, built, "builds/node/"))) as package:
        assert {"index.js", "node_modules/greeting/index.js"} < set(package.namelist())

    missing = build(account, {"index.js": ""}, ARTIFACT_TYPE="code", **variables)
    assert "The source has no package.json at its root." in why(missing)


def test_every_requirement_of_the_agent_has_a_wheel_for_what_agentcore_runs(
    tmp_path: Path,
) -> None:
    # Builds here take this machine's own platform, so only this tells of a wheel that is missing on ARM.
    done = subprocess.run(
        [
            *(Path(sys.executable).with_name("uv"), "pip", "install", "--dry-run", "--quiet"),
            *("--target", tmp_path, "--only-binary", ":all:", "--require-hashes"),
            *("--python-version", python_version(CODE_RUNTIME)),
            *("--python-platform", of_the_project("PYTHON_PLATFORM")),
            *("-r", ROOT / "agent" / "requirements.txt"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_build_and_the_lock_name_one_uv() -> None:
    spec = (ROOT / "functions" / "lifecycle" / "artifact" / "buildspec.yml").read_text(
        encoding="utf-8"
    )
    lock = (ROOT / "requirements" / "bootstrap.txt").read_text(encoding="utf-8")
    assert re.findall(r"uv==([\d.]+)", spec) == re.findall(r"^uv==([\d.]+)", lock, re.MULTILINE)
