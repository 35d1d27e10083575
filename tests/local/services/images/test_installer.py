"""When `pip` of an image asks the package registry."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.services.images import installer

UV = """#!/bin/sh
echo "$*" >> "$CALLS"
case "$*" in *--offline*) echo "not in the cache" >&2; exit {offline};; esac
exit {online}
"""


@pytest.mark.parametrize(
    ("arguments", "offline", "online", "status", "calls"),
    [
        (["pip", "install", "--require-hashes", "-r", "r.txt"], 0, 9, 0, ["offline"]),
        (["pip", "install", "--require-hashes", "-r", "r.txt"], 1, 0, 0, ["offline", "online"]),
        (["pip", "install", "--require-hashes", "-r", "r.txt"], 1, 2, 2, ["offline", "online"]),
        # Without hashes, the registry may have something newer.
        (["pip", "install", "requests"], 0, 0, 0, ["online"]),
        (["pip", "list"], 0, 0, 0, ["online"]),
    ],
)
def test_the_registry_is_asked_only_for_what_the_cache_cannot_give(
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    arguments: list[str],
    offline: int,
    online: int,
    status: int,
    calls: list[str],
) -> None:
    uv = tmp_path / "uv"
    uv.write_text(UV.format(offline=offline, online=online))
    uv.chmod(0o755)
    log = tmp_path / "calls"
    assert installer.run(str(uv), arguments, {"CALLS": str(log)}) == status
    seen = log.read_text().splitlines()
    assert ["offline" if "--offline" in line else "online" for line in seen] == calls
    # A try that failed says nothing.
    assert bool(capfd.readouterr().err) is (offline == 0 and "offline" in calls)
