"""Judge what the roles of the stack asked for during whole lifecycles: nothing denied, and nothing allowed for nothing.

`make permissions` runs the tests of `tests/embedded` with a folder for the recordings (see `recording`), and then this
with the same folder. The policies are those of the transformed template, as they were deployed; the evaluator is
`@cloud-copilot/iam-simulate`. Exit status 1 when anything is denied that is not expected, or unused without a reason.
"""

from __future__ import annotations

import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.foreign.engines.iam import ALLOWED, Asked, can_be_judged, judged
from tests.foreign.engines.permission_reasons import EXPECTED_REFUSALS, NOT_SEEN_HERE

_ROLE = re.compile(r":role/agentcore-lifecycle-(\w+?)(?:Role)?-[0-9A-F]{12}$")


def owner_of(role_arn: str) -> str | None:
    """The logical id of a role of the stack, without `Role` at its end; None for a role of a test's own."""
    found = _ROLE.search(role_arn)
    return found[1] if found else None


def read(folder: Path) -> tuple[int, list[Asked]]:
    """Read the recordings of a folder.

    Returns:
        How many calls were recorded, and each permission that a role of the stack asked for, once.
    """
    calls = 0
    asked: dict[str, Asked] = {}
    for file in sorted(folder.glob("*.json")):
        found = json.loads(file.read_text(encoding="utf-8"))
        calls += found["calls"]
        for each in found["asked"]:
            if owner_of(each["principal"]) is not None and each["principal"] in found["policies"]:
                one = Asked(**each, policies=found["policies"][each["principal"]])
                asked.setdefault(one.key(), one)
    return calls, [each for each in asked.values() if can_be_judged(each)]


def allowed(asked: Iterable[Asked]) -> dict[str, set[str]]:
    """The actions that the policies of each role allow, by the role's logical id."""
    found: dict[str, set[str]] = defaultdict(set)
    for each in asked:
        for policy in each.policies:
            for statement in _listed(policy["Statement"]):
                found[str(owner_of(each.principal))].update(_listed(statement["Action"]))
    return found


def is_expected(asked: Asked) -> bool:
    """Whether a test provokes this refusal."""
    return any(
        (owner_of(asked.principal), asked.action) == (owner, action)
        and re.search(pattern, asked.resource)
        for owner, action, pattern, _ in EXPECTED_REFUSALS
    )


def main(folder: str) -> int:
    """Print the figures, and what is wrong; returns the exit status."""
    calls, asked = read(Path(folder))
    if not asked:
        print(f"no recordings in {folder}: run `make permissions`", file=sys.stderr)
        return 1
    verdicts = judged(asked)
    denied, used = [], defaultdict(set)
    for each, verdict in zip(asked, verdicts, strict=True):
        owner = str(owner_of(each.principal))
        if verdict == ALLOWED:
            used[owner].add(each.action)
        elif not is_expected(each):
            denied.append(f"{owner}: {each.action} on {each.resource}: {verdict}")
    grants = {(owner, action) for owner, some in allowed(asked).items() for action in some}
    seen = {(owner, action) for owner, some in used.items() for action in some}
    unused = sorted(grants - seen - set(NOT_SEEN_HERE))
    stale = sorted(set(NOT_SEEN_HERE) & seen | set(NOT_SEEN_HERE) - grants)
    for line in sorted(set(denied)):
        print(f"denied: {line}", file=sys.stderr)
    for owner, action in unused:
        print(f"unused, without a reason: {owner}: {action}", file=sys.stderr)
    for owner, action in stale:
        print(f"has a reason, but was used or is not allowed: {owner}: {action}", file=sys.stderr)
    print(
        f"calls recorded {calls}, permissions evaluated {len(asked)} of {len(grants)} grants of "
        f"{len({owner for owner, _ in grants})} roles, denied {len(set(denied))}, unused {len(unused)} "
        f"(not seen on the local AWS, with a reason: {len(NOT_SEEN_HERE)})"
    )
    return 1 if denied or unused or stale else 0


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
