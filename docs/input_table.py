"""Writes the input table of README.md from the request model, between its two markers.

`python docs/input_table.py` rewrites it, `--check` only says whether it is stale (exit status 1).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from lifecycle.inputs import model_of
from lifecycle.request import Request

README = Path(__file__).parents[1] / "README.md"
BEGIN, END = "<!-- inputs: made by docs/input_table.py -->\n", "<!-- /inputs -->"


def rows(model: type[BaseModel] = Request, path: str = "") -> Iterator[tuple[str, str, str, str]]:
    """Every leaf of the input: its path, what is allowed, its default (JSON or a dash), what it means."""
    for field in model.model_fields.values():
        name = f"{path}{field.alias}"
        inner = model_of(field.annotation)
        required = field.default is PydanticUndefined and field.default_factory is None
        if inner is not None and field.description is None:
            yield from rows(inner, f"{name}.")
            continue
        extra: dict[str, Any] = dict(field.json_schema_extra or {})  # type: ignore[arg-type]
        default = "required" if required else _default(field)
        yield name, str(extra["allowed"]), default, str(field.description)


def _default(field: Any) -> str:
    value = field.get_default(call_default_factory=True)
    return (
        "–" if value is None or value in ({}, []) else f"`{json.dumps(value, ensure_ascii=False)}`"
    )


def table() -> str:
    """The table in Markdown."""
    lines = ["| field | allowed | default | meaning |", "|---|---|---|---|"]
    for name, allowed, default, meaning in rows():
        lines.append(f"| `{name}` | {allowed} | {default} | {meaning} |")
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    """Rewrite the table, or check it; returns the exit status."""
    text = README.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    fresh = f"{before}{BEGIN}{table()}{END}{after}"
    if "--check" in arguments:
        if fresh != text:
            sys.stderr.write(
                "README.md: the input table is stale; run python docs/input_table.py\n"
            )
        return int(fresh != text)
    README.write_text(fresh, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
