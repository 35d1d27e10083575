"""Writes the definitions as CloudFormation would deploy them: each `${Name}` replaced by an ARN.

Run as `python -m tests.checks.render_definitions FOLDER`; asl-validator reads what it writes.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
_PLACEHOLDER = re.compile(r"\$\{(\w+)\}")
_ARNS = {
    "FunctionArn": "arn:aws:lambda:us-east-1:123456789012:function:{}",
    "StateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:{}",
}


def render(text: str) -> str:
    """Replace every placeholder of a definition by an ARN of the kind that its name says.

    Raises:
        ValueError: A placeholder's name says no kind, or the definition was no JSON before.
    """
    json.loads(text)
    return _PLACEHOLDER.sub(_arn, text)


def _arn(found: re.Match[str]) -> str:
    name = found.group(1)
    for ending, arn in _ARNS.items():
        if name.endswith(ending):
            return arn.format(name.removesuffix("Arn"))
    raise ValueError(f"no substitution is known for ${{{name}}}")


def main() -> None:
    """Render every definition of the project into the folder that is given."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.asl.json"):
        old.unlink()
    for file in sorted((PROJECT / "statemachine").glob("*.asl.json")):
        (folder / file.name).write_text(render(file.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
