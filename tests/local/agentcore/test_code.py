"""Direct code deployment: zips from S3, run by an interpreter that sees nothing of ours."""

from __future__ import annotations

import io
import re
import shutil
import sys
import sysconfig
import time
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from local.agentcore.data import code as code_module
from local.agentcore.data.code import missing_interpreter
from local.agentcore.data.foreign import foreign_packages

if TYPE_CHECKING:
    from tests.local.agentcore.conftest import World

PYTHON = f"PYTHON_{sys.version_info.major}_{sys.version_info.minor}"
SERVER = """
import helper
import importlib.util, json, os, sys
from http.server import BaseHTTPRequestHandler, HTTPServer

class Agent(BaseHTTPRequestHandler):
    def log_message(self, *args): pass
    def do_GET(self):
        self.reply({"status": "Healthy"})
    def do_POST(self):
        seen = {n: importlib.util.find_spec(n) is not None for n in ("boto3", "local", "pytest")}
        self.reply({"helper": helper.NAME, "sees": seen, "path": sys.path, "tool": TOOL})
    def reply(self, document):
        body = json.dumps(document).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

TOOL = os.environ.get("STARTED_BY")
HTTPServer(("0.0.0.0", 8080), Agent).serve_forever()
"""
TOOL = """#!/usr/bin/env python3
import os, sys
os.environ["STARTED_BY"] = f"the tool under {sys.prefix}"
os.execv(sys.argv[1], sys.argv[1:])
"""
NODE = """
const http = require("node:http");
http.createServer((request, response) => {
  response.setHeader("Content-Type", "application/json");
  response.end(JSON.stringify({ status: "Healthy", method: request.method }));
}).listen(8080, "0.0.0.0");
"""


class Code:
    def __init__(self, world: World) -> None:
        self.world = world
        self.s3 = world.aws("s3")
        self.bucket = f"code-{abs(hash(world.tmp_path))}"
        location = {"LocationConstraint": "us-west-2"}
        self.s3.create_bucket(Bucket=self.bucket, CreateBucketConfiguration=location)
        versioning = {"Status": "Enabled"}
        self.s3.put_bucket_versioning(Bucket=self.bucket, VersioningConfiguration=versioning)

    def put(self, **files: str) -> str:
        body = io.BytesIO()
        with zipfile.ZipFile(body, "w") as archive:
            for name, text in files.items():
                entry = zipfile.ZipInfo(re.sub("__py$", ".py", name))
                entry.external_attr = (0o755 if name.startswith("bin/") else 0o644) << 16
                archive.writestr(entry, text)
        put = self.s3.put_object(Bucket=self.bucket, Key="agent.zip", Body=body.getvalue())
        return str(put["VersionId"])

    def request(self, version: str, *entry: str, runtime: str = PYTHON) -> dict[str, Any]:
        location = {"bucket": self.bucket, "prefix": "agent.zip", "versionId": version}
        code = {"code": {"s3": location}, "runtime": runtime, "entryPoint": list(entry)}
        return {"agentRuntimeArtifact": {"codeConfiguration": code}}

    def deploy(self, version: str, *entry: str, runtime: str = PYTHON) -> str:
        request = self.world.request() | self.request(version, *entry, runtime=runtime)
        made = self.world.control.create_agent_runtime(**request)
        self.world.clock.pass_(self.world.core.delays.create)
        return str(made["agentRuntimeArn"])


@pytest.fixture
def code(world: World) -> Code:
    return Code(world)


def test_a_zip_runs_and_sees_only_itself(world: World, code: Code) -> None:
    arn = code.deploy(code.put(main__py=SERVER, helper__py="NAME = 'first'"), "main.py")
    seen = world.invoke(arn)
    assert seen["helper"] == "first"
    assert seen["sees"] == {"boto3": False, "local": False, "pytest": False}
    assert not any("/.venv/" in path for path in seen["path"])


def test_the_version_of_the_object_is_pinned(world: World, code: Code) -> None:
    first = code.put(main__py=SERVER, helper__py="NAME = 'first'")
    code.put(main__py=SERVER, helper__py="NAME = 'second'")
    assert world.invoke(code.deploy(first, "main.py"))["helper"] == "first"


def test_the_code_is_unpacked_while_the_runtime_is_made(world: World, code: Code) -> None:
    code.deploy(code.put(main__py=SERVER), "main.py")
    folder = world.tmp_path / "state" / "agentcore" / "code"
    deadline = time.monotonic() + 10
    while not list(folder.glob("*/main.py")):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert world.core.sessions.running() == []


def test_a_tool_of_the_zip_starts_the_agent(world: World, code: Code) -> None:
    files = {"main.py": SERVER, "helper.py": "NAME = 1", "bin/instrument": TOOL}
    arn = code.deploy(code.put(**files), "instrument", "main.py")
    # `env` finds the runtime's own interpreter, not one of this machine's.
    runtime = (
        world.tmp_path / "state" / "agentcore" / "code" / f"python{PYTHON[7:].replace('_', '.')}"
    )
    assert world.invoke(arn)["tool"] == f"the tool under {runtime}"


@pytest.mark.parametrize(
    ("first_lines", "missing"),
    [
        ("#!/build/host/python3", "/build/host/python3"),
        # It is there on this machine, since it was built here; it would not be in AgentCore.
        (f"#!{sys.executable}", sys.executable),
        (f"#!{sys.executable} -E", sys.executable),
        (
            "#!/bin/sh\n'''exec' '/build/host/a long path/python3' \"$0\" \"$@\"\n' '''",
            "/build/host/a",
        ),
        ("#! /usr/bin/env python3", None),
        ("#!/bin/sh\nexec python3 -V", None),
    ],
)
def test_a_tool_starts_by_its_own_first_line(
    tmp_path: Path, first_lines: str, missing: str | None
) -> None:
    tool = tmp_path / "tool"
    tool.write_text(f"{first_lines}\nprint()\n")
    assert missing_interpreter(tool) == missing


@pytest.mark.parametrize("interpreter", ["/build/host/python3", sys.executable])
def test_a_tool_whose_interpreter_the_runtime_does_not_have(
    world: World, code: Code, interpreter: str
) -> None:
    tool = TOOL.replace("/usr/bin/env python3", interpreter)
    files = {"main.py": SERVER, "helper.py": "NAME = 1", "bin/instrument": tool}
    arn = code.deploy(code.put(**files), "instrument", "main.py")
    with pytest.raises(ClientError) as raised:
        world.invoke(arn)
    answer = raised.value.response
    assert answer["Error"]["Code"] == "RuntimeClientError"
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 424
    world.control.delete_agent_runtime(agentRuntimeId=arn.rsplit("/", 1)[1])
    group = f"/aws/bedrock-agentcore/runtimes/{arn.rsplit('/', 1)[1]}-DEFAULT"
    (event,) = world.aws("logs").filter_log_events(logGroupName=group)["events"]
    said = f"/var/task/bin/instrument: {interpreter}: No such file or directory"
    assert event["message"].endswith(said)


@pytest.mark.parametrize("folder", ["", "app/"])
def test_packages_of_another_machine_are_found_where_the_zip_has_them(
    world: World, code: Code, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever the entry point lies: its folder stands first on Python's path."""

    def install(_files: Path, _python: Path, wheels: Path) -> Path:
        (wheels / "helper").mkdir(parents=True, exist_ok=True)
        (wheels / "helper" / "__init__.py").write_text("NAME = 'for this machine'")
        (wheels / "bin").mkdir(exist_ok=True)
        (wheels / "bin" / "instrument").write_text("#!/build/host/python3\n")
        return wheels

    monkeypatch.setattr(code_module, "install_for_host", install)
    main = SERVER.replace("import helper", "import helper, plain", 1)
    files = {
        f"{folder}main.py": main,
        "helper/__init__.py": "NAME = 'for ARM64'",
        "plain.py": "",
        "bin/instrument": TOOL,
    }
    arn = code.deploy(code.put(**files), "instrument", f"{folder}main.py")
    assert world.invoke(arn)["helper"] == "for this machine"
    # The zip's own files stay what they are.
    kept = world.tmp_path / "state" / "agentcore" / "code"
    assert [path.read_text() for path in kept.glob("*/helper/__init__.py")] == [
        "NAME = 'for ARM64'"
    ]


@pytest.mark.parametrize(
    ("files", "entry"),
    [
        ({"other.py": ""}, ("main.py",)),
        ({"main.py": ""}, ("no-such-tool", "main.py")),
        ({"main.py": "raise SystemExit('broken')"}, ("main.py",)),
    ],
)
def test_a_zip_that_cannot_run(
    world: World, code: Code, files: dict[str, str], entry: tuple[str, ...]
) -> None:
    arn = code.deploy(code.put(**files), *entry)
    with pytest.raises(ClientError) as raised:
        world.invoke(arn)
    assert raised.value.response["Error"]["Code"] == "RuntimeClientError"


def test_an_object_that_is_no_zip(world: World, code: Code) -> None:
    put = code.s3.put_object(Bucket=code.bucket, Key="agent.zip", Body=b"no zip")
    with pytest.raises(ClientError) as raised:
        world.invoke(code.deploy(put["VersionId"], "main.py"))
    assert raised.value.response["Error"]["Code"] == "RuntimeClientError"


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no Node.js here")
def test_node_runs_too(world: World, code: Code) -> None:
    arn = code.deploy(code.put(**{"index.js": NODE}), "index.js", runtime="NODE_22")
    assert world.invoke(arn) == {"status": "Healthy", "method": "POST"}


def package(folder: Path, name: str, *compiled: str, machine: int = 0) -> None:
    """Lay out an installed package; its compiled modules are headers for a processor."""
    info = folder / f"{name}-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n")
    lines = [f"{name}/{file},," for file in ("__init__.py", *compiled)]
    (info / "RECORD").write_text("\n".join(lines))
    (folder / name).mkdir()
    header = bytearray(Path(sys.executable).resolve().read_bytes()[:20])
    header[18:20] = (int.from_bytes(header[18:20], "little") ^ machine).to_bytes(2, "little")
    for file in compiled:
        (folder / name / file).write_bytes(header)


@pytest.mark.skipif(sys.platform != "linux", reason="the headers are those of ELF")
def test_packages_for_another_machine_are_found(tmp_path: Path) -> None:
    tag = sysconfig.get_config_var("EXT_SUFFIX")
    package(tmp_path, "pure")
    package(tmp_path, "ours", f"fast{tag}", "bare.so", "stable.abi3.so")
    package(tmp_path, "another_processor", f"fast{tag}", machine=1)
    package(tmp_path, "another_processor_stable", "fast.abi3.so", machine=1)
    package(tmp_path, "another_python", "fast.cpython-399-x86_64-linux-gnu.so")
    assert foreign_packages(tmp_path, Path(sys.executable)) == [
        "another_processor==1.2",
        "another_processor_stable==1.2",
        "another_python==1.2",
    ]
