"""Writes the input tables of the documentation from the models of the inputs, each between its two markers.

`python docs/input_table.py` writes them. With `--check` it changes nothing and exits with status 1 if one is stale.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from lifecycle.fleet.request import FleetRequest
from lifecycle.request.case import Case
from lifecycle.request.evaluators.evaluator import Evaluator
from lifecycle.request.gateway.section import Gateway
from lifecycle.request.gateway.targets import McpTarget
from lifecycle.request.inputs import model_of
from lifecycle.request.model import Request

DOCS = Path(__file__).parent
TABLES: dict[str, type[BaseModel]] = {
    "inputs": Request,
    "cases": Case,
    "evaluators": Evaluator,
    "gateway": Gateway,
    "targets": McpTarget,
    "fleet": FleetRequest,
}
"""The name in a table's markers, and the model that the table is made from."""
PAGES = {
    "inputs": "inputs.md",
    "cases": "inputs.md",
    "evaluators": "inputs.md",
    "gateway": "gateway-mcp.md",
    "targets": "gateway-mcp.md",
    "fleet": "fleets.md",
}
"""The name in a table's markers, and the page below `docs/` that has the table."""

REQUIRED = "required"


def rows(model: type[BaseModel], path: str = "") -> Iterator[tuple[str, str, str, str]]:
    """Every leaf of an input: its path, what is allowed, its default (JSON or a dash), what it means."""
    for field in model.model_fields.values():
        name = f"{path}{field.alias}"
        inner = model_of(field.annotation)
        required = field.default is PydanticUndefined and field.default_factory is None
        if inner is not None and field.description is None:
            yield from rows(inner, f"{name}.")
            continue
        extra: dict[str, Any] = dict(field.json_schema_extra or {})  # type: ignore[arg-type]
        default = REQUIRED if required else _default(field)
        yield name, str(extra["allowed"]), default, str(field.description)


def _default(field: Any) -> str:
    value = field.get_default(call_default_factory=True)
    return (
        "–" if value is None or value in ({}, []) else f"`{json.dumps(value, ensure_ascii=False)}`"
    )


def table(model: type[BaseModel]) -> str:
    """The table of a model in Markdown."""
    lines = ["| field | allowed | default | meaning |", "|---|---|---|---|"]
    for name, *cells in rows(model):
        # A bar of the text's own would end its cell.
        texts = " | ".join(cell.replace("|", r"\|") for cell in cells)
        lines.append(f"| `{name}` | {texts} |")
    return "\n".join(lines) + "\n"


def renewed(text: str, name: str) -> str:
    """Return a page with one of its tables made anew.

    Args:
        text: The page.
        name: The name in the table's markers.

    Raises:
        ValueError: The page has no such markers, or has them more than once.
    """
    begin, end = f"<!-- {name}: made by docs/input_table.py -->\n", f"<!-- /{name} -->"
    before, rest = text.split(begin)
    _, after = rest.split(end)
    return f"{before}{begin}{table(TABLES[name])}{end}{after}"


def main(arguments: list[str]) -> int:
    """Write the tables, or check them; returns the exit status."""
    stale = 0
    for name, file in PAGES.items():
        page = DOCS / file
        text = page.read_text(encoding="utf-8")
        fresh = renewed(text, name)
        if fresh == text:
            continue
        stale = 1
        if "--check" in arguments:
            sys.stderr.write(f"docs/{file}: the table is stale; run python docs/input_table.py\n")
        else:
            page.write_text(fresh, encoding="utf-8")
    return stale if "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
