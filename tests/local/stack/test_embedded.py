"""The embedded AWS as a process: side by side, stopped and killed, and what it leaves."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from local.embedded import AlreadyRunningError, EmbeddedAws, find_running

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  App:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: code/, Handler: app.handler, Runtime: python3.13}
Outputs:
  App: {Value: !Ref App}
"""
PROGRAM = """
    import sys
    from pathlib import Path
    from local.embedded import EmbeddedAws
    folder = Path(sys.argv[1])
    with EmbeddedAws.start(
        state_dir=Path(sys.argv[2]), template=folder / "template.yaml", stack_name=sys.argv[3]
    ) as aws:
        print("up", flush=True)
        sys.stdin.read()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "app.py").write_text(
        "import os\ndef handler(event, context):\n    return os.getpid()\n"
    )
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    return tmp_path


class Up:
    """An embedded AWS in a process of its own."""

    def __init__(self, folder: Path, state: Path, name: str = "one") -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(PROGRAM), str(folder), str(state), name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.state = state

    def wait(self) -> None:
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "up\n"

    def invoke(self) -> int:
        """Run the function; return the id of its process."""
        running = find_running(self.state)
        assert running is not None
        environment = running.environment()
        client = boto3.client(
            "lambda",
            endpoint_url=running.endpoint_url,
            region_name=environment["AWS_REGION"],
            aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        )
        (function,) = client.list_functions()["Functions"]
        answer = client.invoke(FunctionName=function["FunctionName"])
        return int(json.loads(answer["Payload"].read()))

    def end(self) -> None:
        """Let it stop by itself."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        assert self.process.wait(20) == 0
        self._close()

    def kill(self) -> None:
        """Kill it as `kill -9` does."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self._close()

    def _close(self) -> None:
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()


@pytest.fixture
def ups() -> Iterator[list[Up]]:
    started: list[Up] = []
    yield started
    for up in started:
        if up.process.poll() is None:
            up.kill()


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # A child of a killed parent may stay a zombie until init has seen it.
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] != "Z"


def port_of(url: str) -> int:
    return int(url.rpartition(":")[2])


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_two_run_side_by_side(folder: Path, tmp_path: Path, ups: list[Up]) -> None:
    ups += [Up(folder, tmp_path / name, name) for name in ("one", "two")]
    for up in ups:
        up.wait()
    found = [find_running(up.state) for up in ups]
    assert [running.stack_name for running in found if running] == ["one", "two"]
    assert len({running.endpoint_url for running in found if running}) == 2
    assert len({up.invoke() for up in ups}) == 2
    for up in ups:
        up.end()


def test_a_stop_leaves_no_process_port_or_file(folder: Path, tmp_path: Path, ups: list[Up]) -> None:
    before = set(folder.rglob("*"))
    up = Up(folder, tmp_path / "state")
    ups.append(up)
    up.wait()
    function = up.invoke()
    running = find_running(up.state)
    assert running is not None
    assert alive(function)
    up.end()
    assert not alive(function)
    assert not listens(port_of(running.endpoint_url))
    assert find_running(up.state) is None
    outside = {path for path in folder.rglob("*") if up.state not in (path, *path.parents)}
    assert outside == before


def test_after_a_kill_the_next_start_is_clean(folder: Path, tmp_path: Path, ups: list[Up]) -> None:
    state = tmp_path / "root" / "up"
    first = Up(folder, state)
    ups.append(first)
    first.wait()
    function = first.invoke()
    first.kill()
    assert find_running(tmp_path / "root") is None
    deadline = time.monotonic() + 5
    while alive(function) and sys.platform == "linux":
        assert time.monotonic() < deadline, "the function outlived its embedded AWS"
        time.sleep(0.02)
    (state / "images").mkdir(exist_ok=True)
    (state / "images" / "stale").touch()
    second = Up(folder, state)
    ups.append(second)
    second.wait()
    assert not alive(function)
    assert not (state / "images" / "stale").exists()
    found = find_running(tmp_path / "root")
    assert found is not None
    assert found.pid == second.process.pid
    second.end()


def test_it_binds_loopback_only(folder: Path, tmp_path: Path) -> None:
    with EmbeddedAws.start(state_dir=tmp_path / "state", template=folder / "template.yaml") as aws:
        answer = aws.client("lambda").invoke(FunctionName=aws.outputs["App"])
        assert answer["StatusCode"] == 200
        if sys.platform == "linux":
            assert set(listening(os.getpid())) == {"0100007F"}


def listening(pid: int) -> list[str]:
    """Return the local addresses, in hex, that a process listens on."""
    sockets = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        # A connection may close while we look.
        with contextlib.suppress(FileNotFoundError):
            sockets.add(str(link.readlink()).removeprefix("socket:[").removesuffix("]"))
    lines = [
        line.split()
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]
    ]
    return [line[1].split(":")[0] for line in lines if line[3] == "0A" and line[9] in sockets]


def test_one_folder_and_one_process_have_one(folder: Path, tmp_path: Path, ups: list[Up]) -> None:
    options: dict[str, Any] = {"template": folder / "template.yaml"}
    up = Up(folder, tmp_path / "taken")
    ups.append(up)
    up.wait()
    with pytest.raises(AlreadyRunningError, match="already runs in"):
        EmbeddedAws.start(state_dir=tmp_path / "taken", **options)
    up.end()
    with (
        EmbeddedAws.start(state_dir=tmp_path / "state", **options),
        pytest.raises(AlreadyRunningError, match="this process"),
    ):
        EmbeddedAws.start(state_dir=tmp_path / "other", **options)


def test_a_folder_with_other_things_in_it_is_left_alone(folder: Path) -> None:
    with pytest.raises(AlreadyRunningError, match="is not empty"):
        EmbeddedAws.start(state_dir=folder, template=folder / "template.yaml")
    assert (folder / "template.yaml").exists()


def test_functions_can_be_stood_in_for(folder: Path, tmp_path: Path) -> None:
    with EmbeddedAws.start(
        state_dir=tmp_path / "state",
        template=folder / "template.yaml",
        functions={"App": lambda event: {"doubled": event["n"] * 2}},
    ) as aws:
        client = aws.client("lambda")
        answer = client.invoke(FunctionName=aws.outputs["App"], Payload=b'{"n": 2}')
        assert json.loads(answer["Payload"].read()) == {"doubled": 4}
        failed = client.invoke(FunctionName=aws.outputs["App"], Payload=b"{}", LogType="Tail")
        assert failed["FunctionError"] == "Unhandled"
        assert json.loads(failed["Payload"].read())["errorType"] == "KeyError"
        assert (
            client.invoke(FunctionName=aws.outputs["App"], InvocationType="DryRun")["StatusCode"]
            == 204
        )
        with pytest.raises(client.exceptions.ResourceNotFoundException):
            client.invoke(FunctionName="nothing")
        with pytest.raises(client.exceptions.InvalidRequestContentException):
            client.invoke(FunctionName=aws.outputs["App"], Payload=b"{")
