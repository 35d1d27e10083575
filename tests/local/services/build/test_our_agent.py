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

from lifecycle.artifact.builder import python_version
from lifecycle.artifact.desired import CODE_RUNTIME
from local.agentcore.data.code import missing_interpreter

ROOT = Path(__file__).parents[4]
REPOSITORY = "123456789012.dkr.ecr.us-east-1.amazonaws.com/agents"
FILES: dict[str, str | bytes] = {
    path.name: path.read_bytes() for path in (ROOT / "agent").iterdir() if path.is_file()
}

SMALL: dict[str, str | bytes] = {"main.py": "print(1)\n", "requirements.txt": ""}


def of_the_project(variable: str) -> str:
    """What the template gives the build project as a variable."""
    template = (ROOT / "template.yaml").read_text(encoding="utf-8")
    found = re.search(rf"Name: {variable}, Value: \"?([^\"}}]+)", template)
    assert found is not None
    return found[1]


@pytest.fixture(scope="module")
def project(account: Any) -> str:
    buildspec = (ROOT / "functions" / "lifecycle" / "artifact" / "buildspec.yml").read_text(
        encoding="utf-8"
    )
    account.project("agents", buildspec)
    environment = account.client("codebuild").batch_get_projects(names=["agents"])["projects"][0][
        "environment"
    ]
    variables = {
        "REPOSITORY_URI": REPOSITORY,
        "ARTIFACT_BUCKET": "sources",
        "PYTHON_PLATFORM": of_the_project("PYTHON_PLATFORM"),
    }
    account.client("codebuild").update_project(
        name="agents",
        environment=environment
        | {"environmentVariables": [{"name": n, "value": v} for n, v in variables.items()]},
    )
    return "agents"


def build(account: Any, files: dict[str, str | bytes], **variables: str) -> dict[str, Any]:
    if variables["ARTIFACT_TYPE"] == "code":
        python = {"RUNTIME": CODE_RUNTIME, "ENTRY_FILE": "main.py", "PYTHON_VERSION": "3.13"}
        variables = python | variables
    started = account.client("codebuild").start_build(
        projectName="agents",
        sourceTypeOverride="S3",
        sourceLocationOverride=account.source(files),
        environmentVariablesOverride=[{"name": n, "value": v} for n, v in variables.items()],
    )
    return dict(account.finish(started["build"]))


def why(built: dict[str, Any]) -> str:
    return " ".join(
        context["message"] for phase in built["phases"] for context in phase.get("contexts", [])
    )


@pytest.mark.usefixtures("project")
def test_an_image_of_the_agent(account: Any) -> None:
    built = build(account, FILES, ARTIFACT_TYPE="container", IMAGE_TAG="one")
    assert built["buildStatus"] == "SUCCEEDED", account.log(built)

    (there,) = account.client("ecr").describe_images(
        repositoryName="agents", imageIds=[{"imageTag": "one"}]
    )["imageDetails"]
    image = account.images.resolve(f"{REPOSITORY}@{there['imageDigest']}")
    assert image == account.images.resolve(f"{REPOSITORY}:one")
    assert image.digest == there["imageDigest"]
    assert image.command == ["opentelemetry-instrument", "python", "main.py"]
    assert (image.workdir / "main.py").read_bytes() == FILES["main.py"]
    assert not (image.workdir / "Dockerfile").exists()
    assert (image.root / "usr/local/bin/opentelemetry-instrument").is_file()
    assert image.environment["PATH"].startswith(f"{image.root}/usr/local/bin:")

    again = build(account, FILES, ARTIFACT_TYPE="container", IMAGE_TAG="one")
    assert again["buildStatus"] == "SUCCEEDED", account.log(again)
    assert f"Image one: {there['imageDigest']}" in account.log(again)
    assert "FROM" not in account.log(again)


@pytest.mark.usefixtures("project")
def test_a_package_of_the_agent(account: Any) -> None:
    built = build(account, FILES, ARTIFACT_TYPE="code", ARTIFACT_KEY="packages/agent.zip")
    assert built["buildStatus"] == "SUCCEEDED", account.log(built)

    got = account.client("s3").get_object(Bucket="sources", Key="packages/agent.zip")
    with zipfile.ZipFile(io.BytesIO(got["Body"].read())) as package:
        modes = {entry.filename: entry.external_attr >> 16 for entry in package.infolist()}
        assert package.read("main.py") == FILES["main.py"]
    assert {"strands/__init__.py", "bin/opentelemetry-instrument"} < modes.keys()
    for name, mode in modes.items():
        folder = name.endswith("/")
        assert mode == (0o40755 if folder else 0o100755 if name.startswith("bin/") else 0o100644)


@pytest.mark.usefixtures("project")
def test_the_package_starts_by_its_own_first_line(account: Any, tmp_path: Path) -> None:
    # AgentCore runs `bin/opentelemetry-instrument` by its first line, where the build's interpreter is not there.
    built = build(account, FILES, ARTIFACT_TYPE="code", ARTIFACT_KEY="packages/started.zip")
    assert built["buildStatus"] == "SUCCEEDED", account.log(built)
    got = account.client("s3").get_object(Bucket="sources", Key="packages/started.zip")
    files = tmp_path / "task"
    with zipfile.ZipFile(io.BytesIO(got["Body"].read())) as package:
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
    for key in ("one.zip", "two.zip"):
        built = build(account, SMALL, ARTIFACT_TYPE="code", ARTIFACT_KEY=key)
        assert built["buildStatus"] == "SUCCEEDED", account.log(built)
        packages.append(account.client("s3").get_object(Bucket="sources", Key=key)["Body"].read())
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
    built = build(account, files, ARTIFACT_TYPE=kind, IMAGE_TAG="x", ARTIFACT_KEY="x.zip")
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
        "ARTIFACT_KEY": "packages/node.zip",
    }
    built = build(account, node, ARTIFACT_TYPE="code", **variables)
    assert built["buildStatus"] == "SUCCEEDED", account.log(built)
    got = account.client("s3").get_object(Bucket="sources", Key="packages/node.zip")
    with zipfile.ZipFile(io.BytesIO(got["Body"].read())) as package:
        assert {"index.js", "node_modules/greeting/index.js"} < set(package.namelist())

    missing = build(account, {"index.js": ""}, ARTIFACT_TYPE="code", **variables)
    assert "The source has no package.json at its root." in why(missing)


@pytest.mark.usefixtures("project")
def test_the_build_imports_no_module_of_the_source(account: Any) -> None:
    files = {**SMALL, "zipfile.py": "raise SystemExit('taken over')\n"}
    built = build(account, files, ARTIFACT_TYPE="code", ARTIFACT_KEY="packages/theirs.zip")
    assert built["buildStatus"] == "SUCCEEDED", account.log(built)


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
