"""CodeBuild, as far as the lifecycle uses it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from tests.functions.lifecycle.killer import Killer


class FakeCodeBuild:
    """CodeBuild as far as we use it: idempotency tokens, states that are set by hand."""

    def __init__(self, killer: Killer) -> None:
        self._killer = killer
        self._tokens: dict[str, tuple[dict[str, Any], str]] = {}
        self.builds: dict[str, dict[str, Any]] = {}
        self.full = False
        self.before: Callable[[str], None] | None = None

    def start_build(self, *, idempotencyToken: str, **order: Any) -> dict[str, Any]:  # noqa: N803
        if self.before is not None:
            self.before("StartBuild")
        if self.full:
            code = "AccountLimitExceededException"
            raise ClientError({"Error": {"Code": code, "Message": "queue"}}, "StartBuild")
        known = self._tokens.get(idempotencyToken)
        if known is None:
            build_id = f"{order['projectName']}:{len(self.builds) + 1}"
            self._tokens[idempotencyToken] = (order, build_id)
            self.builds[build_id] = {
                "id": build_id,
                "buildStatus": "IN_PROGRESS",
                "currentPhase": "BUILD",
                "source": {"type": "S3", "location": order["sourceLocationOverride"]},
                "variables": {
                    item["name"]: item["value"] for item in order["environmentVariablesOverride"]
                },
            }
        else:
            assert known[0] == order, "the same token came with another order"
            build_id = known[1]
        self._killer.count("StartBuild")
        return {"build": self.builds[build_id]}

    def batch_get_builds(self, *, ids: list[str]) -> dict[str, Any]:
        self._killer.count("BatchGetBuilds")
        return {"builds": [self.builds[name] for name in ids if name in self.builds]}

    def list_builds_for_project(self, *, projectName: str, sortOrder: str) -> dict[str, Any]:  # noqa: N803
        assert (projectName, sortOrder) == ("build", "DESCENDING")
        self._killer.count("ListBuildsForProject")
        return {"ids": list(reversed(self.builds))}

    def stop_build(self, *, id: str) -> dict[str, Any]:  # noqa: A002 - AWS's name
        if self.before is not None:
            self.before("StopBuild")
        if self.builds[id]["buildStatus"] == "IN_PROGRESS":
            self.builds[id]["buildStatus"] = "STOPPED"
        self._killer.count("StopBuild")
        return {"build": self.builds[id]}
