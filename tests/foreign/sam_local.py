"""Runs functions by `sam local` in a container engine, against a local AWS: `python -m tests.foreign.sam_local`.

It needs a Docker engine that this user may use, Python 3.13 on the PATH (`sam build`), and AWS's image for Lambda's
Python 3.13, which the engine pulls if it is not there. Without an engine or the image it says so and does nothing
(exit status 0). It builds for the processor of this machine, and prints each command with its answer. Exit status 1 if
one answers wrongly. With `--built` it takes what an earlier run built.
"""

from __future__ import annotations

import json
import os
import platform
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.local.clients.conftest import Up

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / ".local/sam-local/build"
SAM = ROOT / ".venv-tools/bin/sam"
AWS = Path(sys.executable).with_name("aws")
HOST = "host.docker.internal"
ARCHITECTURES = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}
"""Lambda's name for the processor, by what Python calls it."""
_BRIDGE = "docker0"
START_SECONDS = 60
INVOKE_SECONDS = 600

EXPECTED = {
    "PrepareRequestFunction": r'"environment": "dev"',
    "ProvisionIdentityFunction": r'"type": "cognito".*"clientId": "',
    "PublishArtifactFunction": r'"done": false, "look": \{"kind": "build"',
}
"""What the answer of each function has when it is called in this order (a regular expression)."""


class NotHereError(Exception):
    """This machine has not what is needed. Its text says what."""


class WrongError(Exception):
    """Something answered otherwise than it must."""


@dataclass(frozen=True)
class Engine:
    """A Docker engine.

    Attributes:
        version: Its version.
        gateway: The address of this machine that its containers reach; `None` if it forwards to loopback itself, as
            Docker Desktop does.
    """

    version: str
    gateway: str | None


def engine() -> Engine:
    """Find the engine.

    Raises:
        NotHereError: There is none.
    """
    if shutil.which("docker") is None:
        raise NotHereError("there is no docker command: install Docker and start it")
    version = _asked("docker", "version", "--format", "{{.Server.Version}}")
    if version is None:
        raise NotHereError("no Docker engine answers: start it, or let this user use it")
    if sys.platform != "linux":
        return Engine(version, None)
    address = _asked("ip", "-4", "-o", "address", "show", _BRIDGE)
    found = re.search(r"inet ([\d.]+)/", address or "")
    if found is None:
        raise NotHereError(f"the interface {_BRIDGE} has no address for containers to reach")
    return Engine(version, found[1])


def architecture_here() -> str:
    """Return Lambda's name for this machine's processor.

    Raises:
        NotHereError: Lambda has none like it.
    """
    found = ARCHITECTURES.get(platform.machine().lower())
    if found is None:
        raise NotHereError(f"Lambda has no functions for {platform.machine()}")
    return found


def require_image(name: str) -> None:
    """Find the image, or pull it.

    Raises:
        NotHereError: It can neither be found nor pulled.
    """
    if (
        _asked("docker", "image", "inspect", name) is None
        and _asked("docker", "pull", name) is None
    ):
        raise NotHereError(f"the image {name} is not in the engine and cannot be pulled")


def _asked(*command: str) -> str | None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 and done.stdout.strip() else None


def run(command: list[str], environment: dict[str, str], shown: str | None = None) -> str:
    """Run a command and print it with its seconds; return its standard output.

    Raises:
        WrongError: It fails.
    """
    sys.stdout.write(f"$ {shown or shlex.join(command)}\n")
    sys.stdout.flush()
    began = time.monotonic()
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=INVOKE_SECONDS,
        check=False,
    )
    sys.stdout.write(f"# {time.monotonic() - began:.1f} s\n")
    if done.returncode != 0:
        raise WrongError(f"exit status {done.returncode}: {done.stderr[-2000:]}")
    return done.stdout


def check(function: str, answer: str) -> None:
    """Print what a function answered, and compare it with what it must answer.

    Raises:
        WrongError: It must answer otherwise.
    """
    text = json.dumps(_last_object(answer), ensure_ascii=False)
    sys.stdout.write(f"{text[:300]}{'…' if len(text) > 300 else ''}\n\n")
    if not re.search(EXPECTED[function], text):
        raise WrongError(f"{function}: expected {EXPECTED[function]}")


def _last_object(text: str) -> Any:
    lines = [line for line in text.splitlines() if line.startswith("{")]
    if not lines:
        raise WrongError(f"no answer in {text[-500:]!r}")
    return json.loads(lines[-1])


@contextmanager
def started_lambda(options: list[str], environment: dict[str, str]) -> Iterator[str]:
    """Keep `sam local start-lambda` running; give its URL."""
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    command = [str(SAM), "local", "start-lambda", "--port", str(port), *options]
    sys.stdout.write(f"$ {_shown(command)} &\n")
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=said, stderr=said)
        try:
            deadline = time.monotonic() + START_SECONDS
            while not _listens(port):
                if process.poll() is not None or time.monotonic() > deadline:
                    said.seek(0)
                    raise WrongError(f"start-lambda does not listen: {said.read()[-2000:]}")
                time.sleep(0.2)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(START_SECONDS)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _shown(command: list[str]) -> str:
    text = shlex.join([Path(command[0]).name, *command[1:]])
    return text.replace(f"{ROOT}/", "")


def event_of(function: str) -> str:
    """Return the file of a function's event, relative to the checkout."""
    words = re.findall(r"[A-Z][a-z]+", function.removesuffix("Function"))
    return f"events/{'-'.join(words).lower()}.json"


def main() -> int:
    """Run everything; returns the exit status."""
    try:
        found = engine()
        architecture = architecture_here()
        require_image(f"public.ecr.aws/lambda/python:3.13-{architecture}")
    except NotHereError as error:
        sys.stdout.write(f"skipped: {error}\n")
        return 0
    try:
        _run_all(found, architecture)
    except WrongError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _run_all(found: Engine, architecture: str) -> None:
    bare = {
        name: value
        for name, value in os.environ.items()
        if name not in ("PYTHONPATH", "VIRTUAL_ENV")
    }
    bare["SAM_CLI_TELEMETRY"] = "0"
    version = run([str(SAM), "--version"], bare, "sam --version").strip()
    sys.stdout.write(f"{version}, Docker engine {found.version}, {architecture}\n\n")
    chosen = ["--parameter-overrides", f"Architecture={architecture}"]
    folders = ["--build-dir", str(BUILD), "--cache-dir", str(BUILD.with_name("cache"))]
    if "--built" not in sys.argv[1:]:
        command = [str(SAM), "build", *chosen, *folders]
        run(command, bare, _shown(command))
    bind = ["--bind", found.gateway] if found.gateway else []
    with (
        tempfile.TemporaryDirectory() as folder,
        Up(Path(folder), "--host-name", HOST, *bind) as up,
    ):
        environment = {**bare, **up.environment}
        file = Path(folder) / "env.json"
        own = [sys.executable, "-m", "cli.main", "local", "env", "--sam", "--output", str(file)]
        run([*own, "--state-dir", str(up.state_dir)], environment, "lifecycle local env --sam …")
        options = [
            *("-t", str(BUILD / "template.yaml"), *chosen, "--env-vars", str(file)),
            *("--add-host", f"{HOST}:host-gateway"),
            "--skip-pull-image",
        ]
        for function in EXPECTED:
            command = [str(SAM), "local", "invoke", function, "--event", event_of(function)]
            check(function, run([*command, *options], environment, f"{_shown(command)} …"))
        with started_lambda(options, environment) as url:
            answer = Path(folder) / "answer.json"
            function = next(iter(EXPECTED))
            command = [str(AWS), "lambda", "invoke", "--function-name", function]
            event = event_of(function)
            payload = ["--payload", f"file://{event}", "--endpoint-url", url]
            # Version 2 of the AWS CLI would take the event for base64.
            binary = ["--cli-binary-format", "raw-in-base64-out"] if _is_second(AWS) else []
            run([*command, *payload, *binary, str(answer)], environment, f"{_shown(command)} …")
            check(function, answer.read_text(encoding="utf-8"))
        up.end()
    sys.stdout.write("sam local answered as expected\n")


def _is_second(aws: Path) -> bool:
    done = subprocess.run([aws, "--version"], capture_output=True, text=True, check=True)
    return done.stdout.startswith("aws-cli/2")


if __name__ == "__main__":
    sys.exit(main())
