"""Direct code deployment: a zip in S3, unpacked and run by a bare interpreter."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import threading
import venv
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from local.agentcore.data.foreign import install_for_host
from local.agentcore.settings import Quotas


class CodeError(Exception):
    """The zip cannot be run; the message says why."""


class CodeStore:
    """Unpacks zips, each once, below a folder; safe between threads.

    Args:
        folder: Where to.
        clients: Gives the boto3 client of a service.
        quotas: Size limits.
    """

    def __init__(self, folder: Path, clients: Callable[[str], Any], quotas: Quotas) -> None:
        self._folder = folder
        self._clients = clients
        self._quotas = quotas
        self._lock = threading.Lock()

    def unpack(self, location: dict[str, str]) -> Path:
        """Return the folder with a zip's files.

        Args:
            location: `bucket`, `prefix` and maybe `versionId`.

        Raises:
            CodeError: If it is not a zip, or too large.
            botocore.exceptions.ClientError: If it cannot be read.
        """
        where = {"Bucket": location["bucket"], "Key": location["prefix"]}
        if "versionId" in location:
            where["VersionId"] = location["versionId"]
        s3 = self._clients("s3")
        state = s3.head_object(**where)
        # One object of one content has one folder, whoever asks for it and however often.
        name = json.dumps([*sorted(where.items()), state["ETag"], state.get("VersionId")])
        folder = self._folder / hashlib.sha256(name.encode()).hexdigest()[:32]
        with self._lock:
            if not folder.is_dir():
                body: bytes = s3.get_object(**where)["Body"].read()
                part = folder.with_suffix(".part")
                shutil.rmtree(part, ignore_errors=True)
                self._extract(body, part)
                part.rename(folder)
        return folder

    def _extract(self, body: bytes, folder: Path) -> None:
        try:
            archive = zipfile.ZipFile(io.BytesIO(body))
        except zipfile.BadZipFile as error:
            raise CodeError("The code is not a zip file.") from error
        entries = archive.infolist()
        if sum(entry.file_size for entry in entries) > self._quotas.unpacked_bytes:
            raise CodeError("The code is too large when it is unpacked.")
        for entry in entries:
            try:
                path = Path(archive.extract(entry, folder))
            except (zipfile.BadZipFile, zlib.error, EOFError) as error:
                raise CodeError("The code's zip file is damaged.") from error
            mode = entry.external_attr >> 16
            if mode and not stat.S_ISDIR(mode):
                path.chmod(stat.S_IMODE(mode))

    def python(self, runtime: str) -> Path:
        """Return a bare interpreter: a virtual environment with nothing in it.

        Args:
            runtime: Such as `PYTHON_3_13`. The interpreter of that version is taken if the machine
                has one, otherwise the one that runs this program.
        """
        version = runtime.removeprefix("PYTHON_").replace("_", ".")
        folder = self._folder / f"python{version}"
        program = folder / "bin" / "python"
        with self._lock:
            if not program.exists():
                part = folder.with_suffix(".part")
                shutil.rmtree(part, ignore_errors=True)
                found = _interpreter(version)
                if found is None:
                    venv.create(part, symlinks=True, with_pip=False)
                else:
                    subprocess.run(
                        [found, "-m", "venv", "--without-pip", "--symlinks", str(part)], check=True
                    )
                named = part / "bin" / f"python{version}"
                if not named.exists():
                    # The version that is asked for answers to its own name, whatever stands in for it.
                    named.symlink_to("python")
                part.rename(folder)
        return program

    def prepare(self, configuration: dict[str, Any]) -> None:
        """Do ahead of time what the first session would have to wait for.

        Args:
            configuration: A version's `codeConfiguration`.

        Raises:
            CodeError: If it cannot be run.
            botocore.exceptions.ClientError: If it cannot be read.
            RuntimeError: If a package of it cannot be had for this machine.
        """
        files = self.unpack(configuration["code"]["s3"])
        if configuration["runtime"].startswith("PYTHON"):
            self.for_host(files, self.python(configuration["runtime"]))

    def for_host(self, files: Path, python: Path) -> Path:
        """Return the folder that runs on this machine: the zip's own, or a copy with this machine's packages.

        A zip holds ARM64 wheels, as the service requires. In the copy, this machine's builds of the same packages lie
        where the zip has its own, so that Python finds them in the same place, whatever comes first on its path.
        Programs (`bin/`) stay those of the zip. The copy shares the files that it does not replace (hard links).

        Args:
            files: The unpacked zip.
            python: The interpreter that runs it.

        Raises:
            RuntimeError: If a package cannot be had for this machine.
        """
        name = f"{files.name}-{python.parent.parent.name}"
        folder = self._folder / "host" / name
        with self._lock:
            if folder.is_dir():
                return folder
            packages = install_for_host(files, python, self._folder / "wheels" / name)
            if packages is None:
                return files
            part = folder.with_suffix(".part")
            shutil.rmtree(part, ignore_errors=True)
            shutil.copytree(files, part, copy_function=_link)
            _lay_over(packages, part)
            part.rename(folder)
        return folder


def _link(source: str, target: str) -> str:
    os.link(source, target)
    return target


def _lay_over(packages: Path, folder: Path) -> None:
    for source in sorted(packages.rglob("*")):
        name = source.relative_to(packages)
        target = folder / name
        if source.is_dir() or name.parts[0] == "bin":
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        # A write into the file would change the zip's own, which is the same file.
        target.unlink(missing_ok=True)
        shutil.copy2(source, target)


_SHELLS = frozenset({"/bin/sh", "/usr/bin/sh", "/bin/bash", "/usr/bin/bash"})
_ENV = "/usr/bin/env"
_HANDS_OVER = re.compile(rb"""^'''exec' ["']?(?P<program>/[^"'\s]+)""", re.MULTILINE)
"""How an installer writes an interpreter whose path is too long for a first line: a shell hands over to it."""


def missing_interpreter(program: Path) -> str | None:
    """Return the interpreter that a program names and that the runtime does not have; `None` if it can start.

    AgentCore executes a zip's program by its first line. An absolute path in it is one of the machine that built the
    zip, and may well exist here while it does not exist there. So only what every Linux has counts: `/usr/bin/env`,
    which looks in the runtime's own `PATH`, and the shells.

    Args:
        program: The program's file.
    """
    with program.open("rb") as file:
        head = file.read(4096)
    if not head.startswith(b"#!"):
        return None
    words = head[2:].split(b"\n", 1)[0].decode(errors="replace").split()
    interpreter = words[0] if words else ""
    if interpreter in _SHELLS:
        behind = _HANDS_OVER.search(head)
        return behind["program"].decode(errors="replace") if behind else None
    return None if interpreter == _ENV else interpreter


def _interpreter(version: str) -> str | None:
    """Find an interpreter of a version that really starts (a version manager's shim may not)."""
    if f"{sys.version_info.major}.{sys.version_info.minor}" == version:
        return None
    found = shutil.which(f"python{version}")
    if found is None:
        return None
    tried = subprocess.run([found, "-c", "import venv"], capture_output=True, check=False)
    return found if tried.returncode == 0 else None
