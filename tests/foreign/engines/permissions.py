"""Judge what the roles of the stack asked for during whole lifecycles: nothing denied, and nothing allowed for nothing.

`make permissions` runs the tests of `tests/embedded` with a folder for the recordings (see `recording`), and then this
with the same folder. The policies are those of the transformed template, as they were deployed; the evaluator is
`@cloud-copilot/iam-simulate`. Exit status 1 when anything is denied that is not expected, or unused without a reason.
"""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.foreign.engines.iam import ALLOWED, Asked, can_be_judged, judged
from tests.foreign.engines.permission_reasons import EXPECTED_REFUSALS, NOT_SEEN_HERE, Unseen

Grant = tuple[str, str]
"""The logical id of a role, without `Role`, and an action that it is allowed."""

_ROLE = re.compile(r":role/agentcore-lifecycle-(\w+?)(?:Role)?-[0-9A-F]{12}$")


def owner_of(role_arn: str) -> str | None:
    """The logical id of a role of the stack, without `Role` at its end; None for a role of a test's own."""
    found = _ROLE.search(role_arn)
    return found[1] if found else None


@dataclass
class Recorded:
    """What the recordings of a folder have.

    Attributes:
        calls: How many calls were held against policies.
        asked: Each permission that a role of the stack asked for, once.
        grants: What the roles of the stack are allowed: owner and action.
    """

    calls: int = 0
    asked: dict[str, Asked] = field(default_factory=dict)
    grants: set[Grant] = field(default_factory=set)


def read(folder: Path) -> Recorded:
    """Read the recordings of a folder."""
    recorded = Recorded()
    for file in sorted(folder.glob("*.json")):
        found = json.loads(file.read_text(encoding="utf-8"))
        recorded.calls += found["calls"]
        recorded.grants |= grants(found["policies"])
        for each in found["asked"]:
            policies = found["policies"].get(each["principal"])
            if owner_of(each["principal"]) is not None and policies is not None:
                one = Asked(**each, policies=policies)
                if can_be_judged(one):
                    recorded.asked.setdefault(one.key(), one)
    return recorded


def grants(policies: dict[str, list[Any]]) -> set[Grant]:
    """What the policies of each role of the stack allow."""
    return {
        (owner, action)
        for role, documents in policies.items()
        if (owner := owner_of(role)) is not None
        for document in documents
        for statement in _listed(document["Statement"])
        if statement["Effect"] == "Allow"
        for action in _listed(statement["Action"])
    }


def is_expected(asked: Asked) -> bool:
    """Whether a test provokes this refusal."""
    return any(
        (owner_of(asked.principal), asked.action) == (each.owner, each.action)
        and re.search(each.resource, asked.resource)
        for each in EXPECTED_REFUSALS
    )


def without_reason(unseen: set[Grant]) -> tuple[list[Grant], list[Unseen]]:
    """What is granted, was not seen and has no reason; and the reasons that are about nothing."""
    explained: dict[Unseen, set[Grant]] = {
        reason: {
            (owner, action)
            for owner, action in unseen
            if re.fullmatch(reason.owner, owner) and re.fullmatch(reason.action, action)
        }
        for reason in NOT_SEEN_HERE
    }
    idle = [reason for reason, about in explained.items() if not about]
    return sorted(unseen - set().union(*explained.values())), idle


def main(folder: str) -> int:
    """Print the figures, and what is wrong; returns the exit status."""
    recorded = read(Path(folder))
    asked = [*recorded.asked.values()]
    if not asked:
        print(f"no recordings in {folder}: run `make permissions`", file=sys.stderr)
        return 1
    verdicts = judged(asked)
    denied: set[str] = set()
    used: set[Grant] = set()
    for each, verdict in zip(asked, verdicts, strict=True):
        owner = str(owner_of(each.principal))
        if verdict == ALLOWED:
            used.add((owner, each.action))
        elif not is_expected(each):
            denied.add(f"{owner}: {each.action} on {each.resource}: {verdict}")
    unseen = recorded.grants - used
    unused, idle = without_reason(unseen)
    for line in sorted(denied):
        print(f"denied: {line}", file=sys.stderr)
    for owner, action in unused:
        print(f"unused, without a reason: {owner}: {action}", file=sys.stderr)
    for reason in idle:
        print(f"a reason about nothing: {reason.owner}: {reason.action}", file=sys.stderr)
    print(
        f"calls {recorded.calls}, permissions evaluated {len(asked)}, denied {len(denied)}; "
        f"grants {len(recorded.grants)} of {len({owner for owner, _ in recorded.grants})} roles, "
        f"used {len(recorded.grants & used)}, not seen here but with a reason {len(unseen) - len(unused)}, "
        f"unused {len(unused)}"
    )
    return 1 if denied or unused or idle else 0


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
