"""The map of the code names every file of the domain, and no other."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_map_of_the_domain_is_complete() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    table = text.split("| to understand |")[1].split("\n\n")[0]
    named = set(re.findall(r"`(\w+\.(?:py|yml))`", table))
    folder = ROOT / "functions" / "lifecycle"
    there = {path.name for path in folder.iterdir() if path.suffix in {".py", ".yml"}}
    assert named == there - {"__init__.py"}
