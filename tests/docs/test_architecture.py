"""The map of the code names every folder, every file of the domain, and no other."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_every_folder_is_in_the_table() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    table = text.split("## Folders\n\n")[1].split("\n\n")[0]
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a checkout: what was made here cannot be told from what belongs here")
    there = {name.split("/")[0] for name in listed.stdout.splitlines() if "/" in name}
    assert {name.split("/")[0] for name in re.findall(r"`([\w.-]+)/", table)} == there


def test_the_map_of_the_domain_is_complete() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    table = text.split("| part of `functions/lifecycle/` |")[1].split("\n\n")[0]
    named = set(re.findall(r"`([\w/]+(?:\.py|/))`", table))
    folder = ROOT / "functions" / "lifecycle"
    files = {path.name for path in folder.glob("*.py")} - {"__init__.py"}
    wings = {f"{path.parent.name}/" for path in folder.glob("*/__init__.py")}
    assert named == files | wings


def test_the_page_has_its_pictures() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    pictures = re.findall(r"!\[[^]]+\]\(([^)]+)\)", text)
    assert pictures == ["pictures/rooms.svg", "pictures/lifecycle.svg"]
    for picture in pictures:
        assert (ROOT / "docs" / picture).is_file()
