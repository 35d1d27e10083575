"""The stack with shorter waits: what would take minutes in AWS takes seconds, and nothing else differs."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
# Longer than any function works here. A call that was cut off is waited for this long.
_TIMEOUT = 20
_LONGEST_RETRY = 1


def shortened_template(folder: Path) -> Path:
    """Write the template and its definitions into a folder, with shorter time-outs and retries; returns its path."""
    text = (ROOT / "template.yaml").read_text(encoding="utf-8")
    # The smoke test's is longer than that, and it creates nothing.
    text = re.sub(r"(\n      Timeout: )(1[0-9][0-9]|60)\n", rf"\g<1>{_TIMEOUT}\n", text)
    (folder / "template.yaml").write_text(text, encoding="utf-8")
    for name in ("functions", "agent"):
        (folder / name).symlink_to(ROOT / name)
    (folder / "statemachine").mkdir()
    for path in (ROOT / "statemachine").glob("*.asl.json"):
        definition = json.loads(path.read_text(encoding="utf-8"))
        _shorten(definition)
        (folder / "statemachine" / path.name).write_text(json.dumps(definition), encoding="utf-8")
    return folder / "template.yaml"


def _shorten(value: Any) -> None:
    if isinstance(value, list):
        for item in value:
            _shorten(item)
    elif isinstance(value, dict):
        if "MaxAttempts" in value:
            value |= {"IntervalSeconds": 1, "BackoffRate": 1, "MaxDelaySeconds": _LONGEST_RETRY + 1}
            if value["ErrorEquals"] == ["EnvironmentSettlingError"]:
                value["MaxAttempts"] = 60
        for item in value.values():
            _shorten(item)
