"""Every error that the lifecycle raises on purpose.

A class's name is the error's name in Step Functions. Its message says what happened and what to do next::

    LifecycleError
    ├── RequestError              the caller can fix it; nothing was changed
    │   ├── InvalidRequestError       a field is unknown, missing or out of bounds
    │   ├── EnvironmentBusyError      another execution has locked the environment
    │   ├── EnvironmentNotFoundError  there is no such environment
    │   └── ArtifactChangeError       the service cannot change a runtime to this kind of artifact
    ├── HealingError              temporary; Step Functions retries exactly these
    │   ├── RoleNotReadyError         a role not yet visible to the service
    │   ├── TagsNotVisibleError       new tags not yet visible to the service
    │   ├── EnvironmentSettlingError  a function call of another execution may still change the environment
    │   ├── ThrottledError            AWS throttled the call
    │   └── ServiceUnavailableError   AWS had an internal error, or did not answer
    ├── ArtifactBuildError        the build of the agent failed
    ├── ObservabilityError        somebody else's resource is in the way of the delivery of logs and traces
    ├── CredentialsError          a credential provider or its role failed, or somebody else has the name
    ├── GatewayError              AgentCore says that the gateway or its target failed, or somebody else has its name
    ├── GatewayTestError          a call through the gateway was not refused or answered as it must be
    ├── CanaryFailedError         the version that got a share of the calls failed; all calls go to the old one
    ├── RuntimeFailedError        AgentCore says that the runtime or endpoint failed
    ├── WaitTimeoutError          the deadline of a wait passed
    ├── SmokeTestError            the smoke test failed
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
    """The request cannot be carried out. Nothing was created, changed or deleted."""


class InvalidRequestError(RequestError):
    """The input is wrong. The message names each field, what was given and what is allowed.

    Attributes:
        sentences: The parts of the message, one for each wrong field.
    """

    def __init__(self, *sentences: str) -> None:
        super().__init__("; ".join(sentences))
        self.sentences = sentences


class EnvironmentBusyError(RequestError):
    """Another execution works on the environment. The message names it."""


class EnvironmentNotFoundError(RequestError):
    """The environment has no record."""


class ArtifactChangeError(RequestError):
    """A runtime cannot change between container and zip in place: tear the environment down first."""

    @classmethod
    def of(cls, given: str, there: str, runtime: str) -> Self:
        """Make the error from the kind that was given and the kind that the runtime has; `runtime` names it."""
        return cls(
            f"artifact.type: given '{given}', allowed: '{there}', with which {runtime} was created; AgentCore cannot "
            "change it in place; tear the environment down first, or use another environment"
        )


class HealingError(LifecycleError):
    """A temporary fault. Of our errors, the state machine retries only these."""


class RoleNotReadyError(HealingError):
    """The role exists in IAM, but AgentCore does not see it yet."""


class TagsNotVisibleError(HealingError):
    """AWS refused a call on a resource that was tagged a moment ago; the policies depend on the tags."""


class EnvironmentSettlingError(HealingError):
    """A function call may still create or delete resources of the environment. The message says until when."""


class ThrottledError(HealingError):
    """An AWS API throttled the call."""


class ServiceUnavailableError(HealingError):
    """An AWS API had an internal error, or did not answer."""


class ArtifactBuildError(LifecycleError):
    """The agent's source could not be read, or its build failed. The message names the build and its log."""


class ObservabilityError(LifecycleError):
    """Logs or traces cannot be delivered, because a resource that is not the lifecycle's is in the way; it is named."""


class CredentialsError(LifecycleError):
    """A credential provider, or a role of the environment, failed or is somebody else's. The message names it."""


class GatewayError(LifecycleError):
    """The gateway or its target failed, or is somebody else's. The message has the service's reasons, or names it."""


class GatewayTestError(LifecycleError):
    """A check of the gateway failed. The message has the check, what was expected and what was seen."""


class CanaryFailedError(LifecycleError):
    """A step of a canary failed. The message has the step, its weight and what was seen."""


class RuntimeFailedError(LifecycleError):
    """The runtime or one of its endpoints is in a failed state. The message has the service's reason."""


class WaitTimeoutError(LifecycleError):
    """Something was not ready when the deadline passed. The message says what, and its last status."""


class SmokeTestError(LifecycleError):
    """A check of the smoke test failed. The message has the check, what was expected and what was seen."""


class TeardownIncompleteError(LifecycleError):
    """Something could not be removed. The message lists what is left; the record still lists it."""


class FleetError(LifecycleError):
    """Some environments of a fleet execution failed; all were tried. The message names the first ten."""


class LockLostError(LifecycleError):
    """This execution no longer holds the environment's lock, so it must not change it."""


class ConfigurationError(LifecycleError):
    """A function's environment variable is missing or wrong: deploy the stack again."""


class AwsCallError(LifecycleError):
    """AWS refused a call. The message has the operation, the error code and AWS's message."""
