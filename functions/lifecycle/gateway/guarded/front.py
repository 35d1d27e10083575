"""The gateway in front of an environment's runtime, with all that it needs: one step in a call."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from botocore.exceptions import ClientError

from lifecycle.clients import Clients
from lifecycle.gateway import calls
from lifecycle.gateway.closed import prepare
from lifecycle.gateway.converge import next_step
from lifecycle.gateway.guarded.role import (
    GatewaySettings,
    OwnRole,
    leave_own_role,
    own_role_arn,
)
from lifecycle.gateway.ledger import GatewayLedger
from lifecycle.gateway.mcp.leaving import leave_role, role_label
from lifecycle.gateway.rules import own_rules
from lifecycle.gateway.step import Step
from lifecycle.gateway.wanted import Wanted
from lifecycle.record import Record
from lifecycle.request.closed.sign_in import is_guarded_by_policy
from lifecycle.request.stage_event import StageEvent
from lifecycle.runtime.guard import converge as guard
from lifecycle.table import Records


class RuntimeFront:
    """Does the next step.

    Of a closed runtime whose callers sign with IAM, the order is: the gateway's role, the gateway, its targets, and the
    runtime's resource policy. So no call through the gateway meets a target or a runtime that refuses it. The other way
    round, `lifecycle.runtime.deploy` deletes the policy first, and the gateway keeps its role until no target needs it.

    Attributes:
        ledger: The record's section, written through.
        wanted: How everything must be.
        role: The gateway's own role; None where it passes on what its callers sign in with.

    Args:
        event: The execution, its request, and which part is made.
        record: The environment's record.
        records: The environments table, or a plan's draft of it.
        clients: AgentCore's control plane and IAM.
        settings: The stack, and its gateways' roles.
    """

    def __init__(
        self,
        event: StageEvent,
        record: Record,
        records: Records,
        clients: Clients,
        settings: GatewaySettings,
    ) -> None:
        request = event.request
        self._record, self._records, self._clients = record, records, clients
        self._control = clients.agentcore_control
        self._stack, self._environment = settings.stack_name, request.environment
        guarded = is_guarded_by_policy(request, record)
        own = own_role_arn(settings, request.environment)
        keeps = not guarded and self._has_role(record, own)
        self.wanted = Wanted.of(
            *(request, record, settings.stack_name),
            own if guarded or keeps else settings.gateway_role_arn,
            before_promotion=event.part is not None,
            calls_by_itself=guarded,
        )
        self.ledger = GatewayLedger(
            records, request.environment, event.execution, record.gateway, self.wanted
        )
        self.role: OwnRole | None = None
        if guarded:
            self.role = OwnRole(clients, settings, request.environment, request.tags, self.wanted)

    def _has_role(self, record: Record, own: str) -> bool:
        """Whether the gateway has the role of its own, which is recorded before it is made and before it is given."""
        gateway = record.gateway
        if gateway is None or gateway.id is None or not gateway.calls_by_itself:
            return False
        return (calls.get_gateway(self._control, gateway.id) or {}).get("roleArn") == own

    def next_step(self) -> Step | None:
        """Do the next step; None when everything is there, ready, and as it must be.

        Raises:
            GatewayError: As `lifecycle.gateway.converge`; or somebody else's role has the name, or somebody else's
                policy is on the runtime.
            ServiceUnavailableError: As `lifecycle.gateway.converge`; or AgentCore does not see the role yet.
        """
        with self._own_role():
            step = next_step(
                *(self._control, self.wanted, self.ledger, self._stack, self._environment),
                own_rules(self._record),
            )
        if step is not None:
            return step
        if self.role is not None:
            self._close(last=True)
            return None
        caller = self.ledger.section.caller
        if caller is not None and not caller.idle:
            # Now that no target calls with it, the next call gives the gateway the role that may do nothing.
            caller.idle = True
            self.ledger.save()
            return Step(role_label(self._stack, self._environment), "in use")
        leave_role(self._clients, self.ledger, self._stack, self._environment)
        leave_own_role(self._clients, self.ledger, self._stack, self._environment)
        return None

    def prepare(self, part: Literal["gateway", "candidate"]) -> Step | None:
        """Do the next step before the promotion; see `prepare.next_step`.

        The policy counts for all versions at once. So while `live` answers everybody, it comes after the promotion.
        """
        runtime, closes = self._record.runtime, False
        if self.role is not None and runtime is not None:
            guard.refuse_foreign(self._control, runtime, self.wanted.role_arn)
            is_closed = runtime.live_version is None or runtime.guard is not None
            closes = part == "candidate" and is_closed
        with self._own_role():
            return prepare.next_step(
                *(self._control, part, self.wanted, self.ledger, self._records),
                *(self._record, self._stack),
                close=self._close if closes else lambda: None,
            )

    def differs(self) -> bool:
        """For a plan: whether the role or the runtime's resource policy would be made or changed."""
        runtime = self._record.runtime
        if self.role is None:
            return self.ledger.section.caller is not None
        if runtime is None:
            return True
        of_role = self.role.differs()
        role_arn, repair = self.wanted.role_arn, self.ledger.repair
        return guard.differs(self._control, runtime, role_arn, repair) or of_role

    @contextmanager
    def _own_role(self) -> Iterator[None]:
        """Make the role before the gateway gets it."""
        if self.role is None:
            yield
            return
        self.role.converge(self.ledger)
        try:
            yield
        except ClientError as error:
            raise self.role.explained(error, self.ledger) from error

    def _close(self, *, last: bool = False) -> None:
        runtime = self._record.runtime
        if runtime is None:
            return

        def save(ends: bool) -> None:
            self._records.update(
                self._environment, self.ledger.execution, last=last and ends, runtime=runtime
            )

        written = guard.close(
            *(self._control, runtime, self.wanted.role_arn, save, self.ledger.repair),
            execution=self.ledger.execution,
        )
        if written:
            self.ledger.intend("updated")
