"""Every error that the lifecycle raises on purpose.

A class's name is the error's name in Step Functions, and its message says what to do next::

    LifecycleError
    ├── RequestError              the caller can mend it; nothing was touched
    │   ├── InvalidRequestError       a field is unknown, missing or out of bounds
    │   ├── EnvironmentBusyError      another execution holds the environment
    │   ├── EnvironmentNotFoundError  there is no such environment
    │   └── ArtifactChangeError       the service cannot change a runtime to this kind of artifact
    ├── HealingError              time mends it; Step Functions retries exactly these
    │   ├── RoleNotReadyError         a role not yet visible to the service
    │   ├── ThrottledError            AWS asked us to slow down
    │   └── ServiceUnavailableError   AWS had a fault of its own, or did not answer
    ├── ArtifactBuildError        the build of the agent failed
    ├── RuntimeFailedError        AgentCore says that the runtime or endpoint failed
    ├── WaitTimeoutError          the deadline of a wait passed
    ├── SmokeTestError            the gate did not open
    ├── TeardownIncompleteError   something is left
    ├── FleetError                environments of a fleet execution failed
    ├── LockLostError             another execution took the environment over
    ├── ConfigurationError        the stack itself is wrong
    └── AwsCallError              AWS refused a call for any other reason
"""

from __future__ import annotations

from typing import Self


class LifecycleError(Exception):
    """Root of the tree. The message is one line: what happened and what to do."""


class RequestError(LifecycleError):
    """The request cannot be carried out as it stands. Nothing was created, changed or deleted."""


class InvalidRequestError(RequestError):
    """The input is wrong. The message names each field, what was given and what is allowed."""


class EnvironmentBusyError(RequestError):
    """Another execution works on the environment. The message names it."""


class EnvironmentNotFoundError(RequestError):
    """The environment has no record."""


class ArtifactChangeError(RequestError):
    """A runtime cannot change between container and zip in place: tear the environment down first."""

    @classmethod
    def of(cls, given: str, there: str, runtime: str) -> Self:
        """Say which kind was given, and which the runtime has; `runtime` names it in words."""
        return cls(
            f"artifact.type: given '{given}', allowed: '{there}', which {runtime} was made with and AgentCore cannot "
            "change in place; tear the environment down first, or use another environment"
        )


class HealingError(LifecycleError):
    """A fault that passes by itself. The definition retries these and no other of our errors."""


class RoleNotReadyError(HealingError):
    """IAM has the role, AgentCore does not see it yet."""


class ThrottledError(HealingError):
    """An AWS API throttled the call."""


class ServiceUnavailableError(HealingError):
    """An AWS API answered with a fault of its own, or not at all."""


class ArtifactBuildError(LifecycleError):
    """The agent's source could not be read, or its build failed. The message names the build and its log."""


class RuntimeFailedError(LifecycleError):
    """The runtime or an endpoint of it went to a failed state. The message has the service's reason."""


class WaitTimeoutError(LifecycleError):
    """Something was not done when the deadline passed. The message says what, and its last state."""


class SmokeTestError(LifecycleError):
    """A probe saw something else than it must. The message has the check, the expected and the seen."""


class TeardownIncompleteError(LifecycleError):
    """Something could not be removed. The message lists what is left; the record still knows it."""


class FleetError(LifecycleError):
    """Some environments of a fleet execution failed; all were tried. The message names each with its error."""


class LockLostError(LifecycleError):
    """This execution no longer holds the environment, so it must not write to it."""


class ConfigurationError(LifecycleError):
    """A function's environment variable is missing or wrong: deploy the stack again."""


class AwsCallError(LifecycleError):
    """AWS refused a call. The message has the operation, the code and AWS's own words."""
