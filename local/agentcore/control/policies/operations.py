"""The policies that are attached to runtimes, their endpoints and gateways.

Source: AgentCore developer guide, "Resource-based policies for Amazon Bedrock AgentCore".
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from local.agentcore.control.policies.documents import (
    GATEWAY_ACTIONS,
    RUNTIME_ACTIONS,
    RoleSeen,
    check_policy,
)
from local.agentcore.control.store import Store
from local.agentcore.control.tags import Tagged
from local.agentcore.model.app import Handler
from local.agentcore.model.errors import not_found
from local.edge.iam.statements import Policy

LATE_SECONDS = 3.0
"""How long a change of a policy does not count, with the reading `resource-policy=late`, and is not shown, with
`resource-policy-read=late`."""


class PolicyOperations:
    """PutResourcePolicy, GetResourcePolicy, DeleteResourcePolicy.

    The policy of a runtime counts for all its endpoints, and goes with the runtime.

    Args:
        store: The account's runtimes and endpoints.
        gateways: The account's gateways.
        role_seen: Knows the roles that a policy may name.
    """

    def __init__(self, store: Store, gateways: Tagged, role_seen: RoleSeen) -> None:
        self._store = store
        self._gateways = gateways
        self._role_seen = role_seen
        self._texts: dict[str, str] = {}
        self._former: dict[str, tuple[str | None, float]] = {}

    @property
    def handlers(self) -> dict[str, Handler]:
        """Each operation's handler, by its name."""
        return {
            "PutResourcePolicy": self.put,
            "GetResourcePolicy": self.get,
            "DeleteResourcePolicy": self.delete,
        }

    def put(self, request: dict[str, Any]) -> dict[str, Any]:
        """PutResourcePolicy: the policy takes the place of the one that is there."""
        arn, text = request["resourceArn"], request["policy"]
        with self._store.using():
            actions = self._actions(arn)
        # Outside of the lock: it asks IAM.
        check_policy(text, arn, actions, self._role_seen)
        with self._store.using() as now:
            self._actions(arn)
            self._store.count_mutation(now)
            self._change(arn, text, now)
        return {"policy": text}

    def get(self, request: dict[str, Any]) -> dict[str, Any]:
        """GetResourcePolicy: what it answers for a resource without a policy is not known."""
        arn = request["resourceArn"]
        with self._store.using() as now:
            self._actions(arn)
            text = self._as_of("resource-policy-read", arn, now)
            if text is None and self._store.readings["no-resource-policy"] == "not-found":
                raise not_found(f"Resource not found: '{arn}' has no resource policy.")
        return {} if text is None else {"policy": text}

    def delete(self, request: dict[str, Any]) -> dict[str, Any]:
        """DeleteResourcePolicy: of one that is not there the same is true."""
        arn = request["resourceArn"]
        with self._store.using() as now:
            self._actions(arn)
            if arn not in self._texts:
                if self._store.readings["no-resource-policy"] == "not-found":
                    raise not_found(f"Resource not found: '{arn}' has no resource policy.")
                return {}
            self._store.count_mutation(now)
            self._change(arn, None, now)
        return {}

    def in_force(self, arn: str) -> Policy | None:
        """Return the document that counts for a resource now; `None` if it has none, or is gone."""
        if arn not in self._texts and arn not in self._former:
            return None
        with self._store.using() as now:
            if all(known != arn for known, _ in self._resources()):
                return None
            text = self._as_of("resource-policy", arn, now)
        if text is None:
            return None
        found: Policy = json.loads(text)
        return found

    def _as_of(self, reading: str, arn: str, now: float) -> str | None:
        """Return the policy now, or the one before a change that the reading makes late."""
        former, changed = self._former.get(arn, (None, 0.0))
        late = self._store.readings[reading] == "late" and now - changed < LATE_SECONDS
        return former if late else self._texts.get(arn)

    def _change(self, arn: str, text: str | None, now: float) -> None:
        before = self._texts.pop(arn, None)
        if before != text:
            self._former[arn] = before, now
        if text is not None:
            self._texts[arn] = text

    def _actions(self, arn: str) -> frozenset[str]:
        for known, actions in self._resources():
            if known == arn:
                return actions
        raise not_found(f"Resource not found: '{arn}'.")

    def _resources(self) -> Iterable[tuple[str, frozenset[str]]]:
        for runtime in self._store.runtimes.values():
            yield runtime.arn, RUNTIME_ACTIONS
            for endpoint in runtime.endpoints.values():
                yield endpoint.arn, RUNTIME_ACTIONS
        for arn, _ in self._gateways():
            yield arn, GATEWAY_ACTIONS
