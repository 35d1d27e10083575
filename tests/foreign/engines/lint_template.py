"""cfn-lint with every rule, on the template and on what SAM makes of it.

Run as `python -m tests.foreign.engines.lint_template`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from cfnlint import ConfigMixIn, ManualArgs
from cfnlint.decode import decode_str
from cfnlint.runner import Runner

from local.stack.template import read_template

PROJECT = Path(__file__).parents[3]
TEMPLATE = PROJECT / "template.yaml"
# Regions with AgentCore, on three continents.
REGIONS = ("us-east-1", "us-west-2", "eu-central-1", "ap-northeast-1")
# I4010 asks for notes for AI assistants in the template's Metadata; it finds no fault.
LEFT_OUT = ["I4010"]
ACCEPTED = {
    "W3037": "'createtokenvault' is not one of [",
}
"""Rules, and how a finding of theirs begins that is accepted: AWS's reference does not have `CreateTokenVault`, but
users report that the first credential provider of an account needs it."""


def problems(text: str, regions: list[str]) -> Iterator[str]:
    """Say what cfn-lint finds in a template, with its experimental and informational rules.

    Args:
        text: The template, YAML or JSON.
        regions: Names of Regions that it must be right in.
    """
    config = ConfigMixIn(
        **ManualArgs(
            regions=regions,
            include_checks=["I"],
            include_experimental=True,
            ignore_checks=LEFT_OUT,
        )
    )
    template, unreadable = decode_str(text)
    found = unreadable or Runner(config).validate_template(template or {})
    for match in found:
        accepted = ACCEPTED.get(match.rule.id)
        if accepted is None or not match.message.startswith(accepted):
            yield f"{match.rule.id} line {match.linenumber}: {match.message}"


def translated(file: Path, region: str) -> str:
    """Return what SAM makes of a template for a Region, as JSON."""
    template = read_template(file, {}, region)
    source, _ = decode_str(template.body)
    return json.dumps(
        {
            "AWSTemplateFormatVersion": "2010-09-09",
            "Description": template.description,
            "Parameters": (source or {}).get("Parameters", {}),
            "Mappings": template.mappings,
            "Conditions": template.conditions,
            "Resources": template.resources,
            "Outputs": template.outputs,
        },
        default=str,
    )


def main() -> int:
    """Print what is found; the exit status is 1 if something is."""
    found = [f"template.yaml: {said}" for said in problems(TEMPLATE.read_text("utf-8"), [*REGIONS])]
    made: dict[str, list[str]] = {}
    for region in REGIONS:
        made.setdefault(translated(TEMPLATE, region), []).append(region)
    for text, regions in made.items():
        where = f"SAM's translation for {', '.join(regions)}"
        found += [f"{where}: {said}" for said in problems(text, regions)]
    for line in found:
        sys.stderr.write(f"{line}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
