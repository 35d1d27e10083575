"""The list of all stages and triggers. The names of state, handler and function are derived from each other.

The definitions, the template, the handlers, the documentation and the tests are checked against this list.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

Effect = Literal["creates", "deletes"]
"""What a stage does to the resources of an environment. `lifecycle.fence` fences every stage that has an effect."""


def _function(handler: str) -> str:
    return "".join(word.capitalize() for word in handler.split("_")) + "Function"


class Machine(StrEnum):
    """The state machine that a stage belongs to."""

    LIFECYCLE = "lifecycle"
    FLEET = "fleet"


@dataclass(frozen=True)
class Trigger:
    """A function that starts a machine; no state runs it.

    Attributes:
        handler: The module below `handlers`, such as `start_execution`.
    """

    handler: str

    @property
    def function(self) -> str:
        """The logical id in the template, such as `StartExecutionFunction`."""
        return _function(self.handler)


@dataclass(frozen=True)
class Stage:
    """One step of a machine.

    Attributes:
        state: The state's name in the definition, a verb phrase.
        machine: Which definition has the state.
        effect: Whether the stage creates (or changes) or deletes resources; None when it does neither.
        same_as: The state whose function the stage runs, if it has none of its own; for the one state inside a Map, the
            Map.
    """

    state: str
    machine: Machine = Machine.LIFECYCLE
    effect: Effect | None = None
    same_as: str | None = None

    @property
    def handler(self) -> str:
        """The module below `handlers`, such as `provision_identity`."""
        state = self.same_as or self.state
        return "_".join(word for word in state.lower().split() if word != "the")

    @property
    def function(self) -> str:
        """The logical id in the template, such as `ProvisionIdentityFunction`."""
        return _function(self.handler)

    @property
    def substitution(self) -> str:
        """The name in the definition's substitutions, such as `ProvisionIdentityFunctionArn`."""
        return f"{self.function}Arn"


STAGES = (
    Stage("Prepare the request"),
    Stage("Plan the provision"),
    Stage("Plan the rollback"),
    Stage("Restore the version", effect="creates"),
    Stage("Provision the identity", effect="creates"),
    Stage("Publish the artifact", effect="creates"),
    Stage("Deploy the credentials", effect="creates"),
    # Before a runtime that answers only its gateway, and before its version is tested.
    Stage("Make the gateway", effect="creates", same_as="Deploy the gateway"),
    Stage("Deploy the runtime", effect="creates"),
    Stage("Check the runtime"),
    Stage("Point the gateway at the version", effect="creates", same_as="Deploy the gateway"),
    Stage("Deliver the telemetry", effect="creates"),
    Stage("Run the smoke test"),
    Stage("Run a batch of cases", same_as="Run the cases"),
    Stage("Judge the cases"),
    Stage("Evaluate the sessions"),
    Stage("Shift the traffic", effect="creates"),
    Stage("Judge the step"),
    Stage("Promote the version", effect="creates"),
    Stage("Clear the canary", effect="creates"),
    Stage("Deploy the gateway", effect="creates"),
    Stage("Test the gateway"),
    Stage("Retire the credentials", effect="creates", same_as="Deploy the credentials"),
    Stage("Record the failure"),
    Stage("Prepare the rollback"),
    Stage("Delete the gateway", effect="deletes"),
    Stage("Delete the runtime", effect="deletes"),
    Stage("Delete the credentials", effect="deletes"),
    Stage("Delete the telemetry", effect="deletes"),
    Stage("Delete the identity", effect="deletes"),
    Stage("Delete the artifact", effect="deletes"),
    Stage("Report the outcome"),
    # A Choice before the end, instead of a state of its own, would be one more transition of every execution.
    Stage("Report the failure", same_as="Report the outcome"),
    Stage("Select the environments", Machine.FLEET),
    Stage("Report the fleet", Machine.FLEET),
)

_BY_HANDLER = {stage.handler: stage for stage in STAGES}


def effect_of(handler: str) -> Effect | None:
    """The effect of the stage that a handler runs; None for a handler of no stage."""
    stage = _BY_HANDLER.get(handler)
    return stage.effect if stage else None


TRIGGERS = (Trigger("start_execution"),)
