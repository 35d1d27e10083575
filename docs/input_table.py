"""Writes the input tables of README.md from the models of the inputs, each between its two markers.

`python docs/input_table.py` rewrites them, `--check` only says whether one is stale (exit status 1).
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
from lifecycle.request.inputs import model_of
from lifecycle.request.model import Request

README = Path(__file__).parents[1] / "README.md"
TABLES: dict[str, type[BaseModel]] = {"inputs": Request, "fleet": FleetRequest}
"""The name in a table's markers, and the model that the table is made from."""

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


def renewed(text: str) -> str:
    """The page with each table made anew."""
    for name, model in TABLES.items():
        begin, end = f"<!-- {name}: made by docs/input_table.py -->\n", f"<!-- /{name} -->"
        before, rest = text.split(begin)
        _, after = rest.split(end)
        text = f"{before}{begin}{table(model)}{end}{after}"
    return text


def main(arguments: list[str]) -> int:
    """Rewrite the tables, or check them; returns the exit status."""
    text = README.read_text(encoding="utf-8")
    fresh = renewed(text)
    if "--check" in arguments:
        if fresh != text:
            sys.stderr.write("README.md: an input table is stale; run python docs/input_table.py\n")
        return int(fresh != text)
    README.write_text(fresh, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
