"""Writes the bills of materials of what ships, and checks that they are those of the locks.

`python -m tests.checks.supply.sbom` writes `sbom/*.cdx.json` with `cyclonedx-py`; with `--check` it compares the kept
files with the locks, without that tool.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.markers import Marker

PROJECT = Path(__file__).resolve().parents[3]
CYCLONEDX = PROJECT / ".venv-tools" / "bin" / "cyclonedx-py"
_PIN = re.compile(r"(?m)^([\w.-]+)(?:\[.*?\])?==([^ ;\\]+)(?: ; (.+?))?(?: \\)?$")
# Lambda on ARM64, and an agent's container or zip.
_TARGET = {
    "python_version": "3.13",
    "python_full_version": "3.13.0",
    "implementation_name": "cpython",
    "platform_python_implementation": "CPython",
    "os_name": "posix",
    "sys_platform": "linux",
    "platform_system": "Linux",
    "platform_machine": "aarch64",
    "extra": "",
}


@dataclass(frozen=True)
class Part:
    """Something that ships.

    Attributes:
        name: Its name, and that of its file.
        lock: The lock of its dependencies.
        dockerfile: What names its base image, if it has one.
    """

    name: str
    lock: str
    dockerfile: str | None = None

    @property
    def file(self) -> Path:
        """Its bill of materials."""
        return PROJECT / "sbom" / f"{self.name}.cdx.json"


PARTS = (
    Part("functions", "functions/requirements.txt"),
    Part("agent", "agent/requirements.txt", "agent/Dockerfile"),
)


def pins(lock: str) -> dict[str, str]:
    """The packages of a lock that are installed on Linux for ARM64, with their versions."""
    return {
        name: version
        for name, version, marker in _PIN.findall(lock)
        if not marker or Marker(marker).evaluate(_TARGET)
    }


def base_image(dockerfile: str) -> tuple[str, str]:
    """Name and tag of the image that a Dockerfile starts from."""
    found = re.search(
        r"(?m)^FROM (?:--platform=\S+ )?([^\s:@]+(?:/[^\s:@]+)*)[:@](\S+)", dockerfile
    )
    if found is None:
        raise ValueError("the Dockerfile has no FROM with a version")
    return found[1], found[2]


def bill(part: Part) -> dict[str, Any]:
    """The bill of materials of a part: CycloneDX 1.6, the same for the same lock."""
    text = "".join(f"{name}=={version}\n" for name, version in wanted(part) if "/" not in name)
    ran = subprocess.run(
        [CYCLONEDX, "requirements", "--output-reproducible", "--of", "JSON", "--sv", "1.6", "-"],
        input=text,
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(ran.stdout)
    for component in found["components"]:
        # The place of a package in a registry is no property of what ships; its hashes are in the lock.
        component.pop("externalReferences", None)
        component.pop("description", None)
        component["bom-ref"] = component["purl"]
    found["dependencies"] = [{"ref": component["bom-ref"]} for component in found["components"]]
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    found["metadata"] = {
        "component": {
            "bom-ref": part.name,
            "name": f"{project['name']}-{part.name}",
            "type": "application",
            "version": project["version"],
        }
    }
    if part.dockerfile is not None:
        name, tag = base_image((PROJECT / part.dockerfile).read_text(encoding="utf-8"))
        image = {"bom-ref": f"{name}:{tag}", "name": name, "type": "container", "version": tag}
        found["components"].append(image)
    return found


def wanted(part: Part) -> list[tuple[str, str]]:
    """What a bill of materials must list: packages with their versions, and the base image with its tag."""
    found = [*pins((PROJECT / part.lock).read_text(encoding="utf-8")).items()]
    if part.dockerfile is not None:
        found.append(base_image((PROJECT / part.dockerfile).read_text(encoding="utf-8")))
    return found


def problems(part: Part, text: str) -> Iterator[str]:
    """Say what a kept bill of materials lacks, or lists in vain."""
    listed = {(each["name"], each["version"]) for each in json.loads(text)["components"]}
    expected = set(wanted(part))
    for name, version in sorted(expected - listed):
        yield f"{part.file.name}: {name} {version} ships and is not listed: run make sbom"
    for name, version in sorted(listed - expected):
        yield f"{part.file.name}: {name} {version} is listed and does not ship: run make sbom"


def main(arguments: list[str]) -> int:
    """Write the files, or check them; the exit status is 1 if one is not up to date."""
    if "--check" not in arguments:
        for part in PARTS:
            part.file.parent.mkdir(exist_ok=True)
            text = json.dumps(bill(part), indent=1, sort_keys=True)
            part.file.write_text(f"{text}\n", encoding="utf-8")
        return 0
    wrong = [line for part in PARTS for line in problems(part, part.file.read_text("utf-8"))]
    for problem in wrong:
        sys.stderr.write(f"{problem}\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
