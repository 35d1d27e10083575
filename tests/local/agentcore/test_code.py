"""Direct code deployment: zips from S3, run by an interpreter that sees nothing of ours."""

from __future__ import annotations

import io
import shutil
import sys
import sysconfig
import time
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

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
TOOL = """#!/path/of/another/machine/python
import os, sys
os.environ["STARTED_BY"] = "tool"
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
                archive.writestr(name.replace("__", "."), text)
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
    assert world.invoke(arn)["tool"] == "tool"


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
