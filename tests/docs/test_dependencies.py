"""Every dependency has its reason in docs/dependencies.md."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_dependency_has_a_reason() -> None:
    page = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    lines = [
        line.split("#")[0].strip()
        for path in sorted((ROOT / "requirements").glob("*.in"))
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    names = {re.split(r"[\[><=]", line)[0] for line in lines if line and not line.startswith("-")}
    assert len(names) > 20
    assert [
        name
        for name in names
        if name not in page and not (name.startswith("types-") and "types-*" in page)
    ] == []
