"""What every handler has in common: the event as a model, logs, traces, metrics, AWS errors as errors of ours."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from lifecycle import fence
from lifecycle.errors import (
    AwsCallError,
    InvalidRequestError,
    LifecycleError,
    ServiceUnavailableError,
    ThrottledError,
)

THROTTLES = frozenset(
    {
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "TooManyRequestsException",
        "RequestLimitExceeded",
        "RequestThrottledException",
        "BandwidthLimitExceeded",
        "KmsThrottlingException",
        "ProvisionedThroughputExceededException",
        "RequestThrottled",
        "SlowDown",
    }
)
# Temporary errors with a 4xx status, each with its source. Other conflicts, such as AgentCore's ConflictException, may
# also mean "exists already", so the code that makes the call decides about them.
PASSING = {
    "OperationAborted": "Amazon S3 API reference, Error responses: a conflicting operation is in progress",
    "ConditionalRequestConflict": "Amazon S3 API reference, Error responses: a conflicting write is in progress",
    "OperationAbortedException": "CloudWatch Logs API reference: concurrent updates of one resource",
    "ConcurrentModification": "IAM, botocore's model: the code of ConcurrentModificationException",
    "ConcurrentModificationException": "API references of Cognito, EventBridge, tagging and AgentCore",
    "RetryableConflictException": "AgentCore, botocore's model: retryable",
    "TransactionConflictException": "DynamoDB API reference, UpdateItem: a transaction is in progress",
    "ReplicatedWriteConflictException": "DynamoDB, botocore's model: retryable",
    "RequestTimeout": "Amazon S3 API reference, Error responses; botocore retries it, too",
    "RequestTimeoutException": "botocore's retry mode `standard`",
    "PriorRequestNotComplete": "botocore's retry mode `standard`",
}
_FIRST_SERVER_FAULT = 500
_SHOWN_PLACE = 250
EXPLICIT_DENY = (
    "one of your policies (such as an SCP) denies this call: exclude the function's role there"
)
"""What to do about a call that a statement with `Deny` refused."""

E = TypeVar("E", bound=BaseModel)
Handler = Callable[[dict[str, Any], Any], dict[str, Any]]

# The service is the stack: the template sets POWERTOOLS_SERVICE_NAME to its name.
logger = Logger()
metrics = Metrics(namespace="AgentCoreLifecycle")


class Wire(BaseModel):
    """Base of what goes into and comes out of a stage: camelCase JSON outside, snake_case inside."""

    model_config = ConfigDict(
        alias_generator=to_camel, validate_by_name=True, extra="ignore", defer_build=True
    )


@contextmanager
def aws_errors() -> Iterator[None]:
    """Turn boto3's errors into ours, so that the state machine can tell temporary errors from others.

    Raises:
        ThrottledError: AWS throttled the call.
        ServiceUnavailableError: AWS had an internal error, or did not answer.
        AwsCallError: AWS refused the call for another reason.
    """
    try:
        yield
    except ClientError as error:
        raise explain(error) from error
    except ParamValidationError as error:
        text = " ".join(str(error).split())
        raise AwsCallError(f"boto3 refused a call: {text}; fix the input and retry") from error
    except BotoCoreError as error:
        raise ServiceUnavailableError(
            f"AWS did not answer: {error}; the lifecycle retries this step"
        ) from error


def explain(error: ClientError) -> LifecycleError:
    """Turn an AWS error into one of ours: operation, code, AWS's message, and what to do."""
    code = error.response["Error"].get("Code", "Unknown")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    text = describe(error)
    if code in THROTTLES:
        return ThrottledError(f"{text}; the lifecycle retries this step")
    if status >= _FIRST_SERVER_FAULT or code in PASSING:
        return ServiceUnavailableError(f"{text}; the lifecycle retries this step")
    if code.startswith("AccessDenied") and is_explicit_deny(error):
        return AwsCallError(f"{text}; {EXPLICIT_DENY}")
    if code.startswith("AccessDenied"):
        return AwsCallError(
            f"{text}; give the function's role this action in template.yaml and deploy again"
        )
    return AwsCallError(
        f"{text}; look up the code in the operation's documentation, fix the cause and retry"
    )


def describe(error: ClientError) -> str:
    """An AWS error on one line: operation, code and AWS's message."""
    message = error.response["Error"].get("Message", "")
    return " ".join(f"{refused_call(error)}: {message}".split())


def refused_call(error: ClientError) -> str:
    """Which call AWS refused, and its code, such as `GetObject: NoSuchKey`; for a sentence that says the rest."""
    return f"{error.operation_name}: {error.response['Error'].get('Code', 'Unknown')}"


def is_explicit_deny(error: ClientError) -> bool:
    """Tell whether a statement with `Deny` refused a call.

    Source: IAM user guide, "Troubleshoot access denied error messages": the message says "with an explicit deny".
    """
    return "explicit deny" in error.response["Error"].get("Message", "")


def stage(model: type[E]) -> Callable[[Callable[[E], BaseModel]], Handler]:
    """Make a Lambda handler of a function that takes a model and returns a model.

    Args:
        model: What the event is parsed as.

    Returns:
        A decorator. The handler takes the JSON event and the Lambda context and returns the JSON of the function's
        model. It raises only errors of `lifecycle.errors`, unless there is a bug.
    """

    def decorate(function: Callable[[E], BaseModel]) -> Handler:
        name = function.__module__.rpartition(".")[2]

        @logger.inject_lambda_context(clear_state=True)
        @metrics.log_metrics
        @functools.wraps(function)
        def handler(event: Any, context: Any) -> dict[str, Any]:
            whose = _whose(event)
            logger.append_keys(stage=name)
            metrics.add_dimension(name="stage", value=name)
            _tell(whose)
            try:
                with aws_errors():
                    if not isinstance(event, dict):
                        raise InvalidRequestError(
                            f"event: given a {type(event).__name__}, allowed: a JSON object"
                        )
                    parsed = _parsed(model, event)
                    # The first stage gets the input as it was given, and its model reads the environment.
                    named = getattr(parsed, "environment", None)
                    if "environment" not in whose and isinstance(named, str):
                        _tell({"environment": named})
                    with fence.fenced(name, whose, context, dry_run=_is_dry_run(event)):
                        result = function(parsed)
            except LifecycleError as error:
                metrics.add_metric(name="Failed", unit=MetricUnit.Count, value=1)
                logger.warning(
                    "stage failed", extra={"error": type(error).__name__, "reason": str(error)}
                )
                raise
            metrics.add_metric(name="Succeeded", unit=MetricUnit.Count, value=1)
            logger.info("stage done")
            return result.model_dump(mode="json", by_alias=True)

        wrapped: Handler = handler
        return wrapped

    return decorate


def _parsed(model: type[E], event: dict[str, Any]) -> E:
    try:
        return model.model_validate(event)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        place = ".".join(map(str, first["loc"])) or "event"
        # A name may be anything; only what every log can carry is repeated of it.
        shown = place.encode("ascii", "backslashreplace").decode()[:_SHOWN_PLACE]
        raise InvalidRequestError(
            f"{shown}: given what the function cannot read ({first['msg']}), allowed: what this stack sends"
        ) from None


def _is_dry_run(event: dict[str, Any]) -> bool:
    request = event.get("request")
    return isinstance(request, dict) and request.get("dryRun") is True


def _tell(whose: dict[str, str]) -> None:
    """Put the names into each log line and the metric's event: they lead from one to the other."""
    logger.append_keys(**whose)
    for key, value in whose.items():
        metrics.add_metadata(key, value)


def _whose(event: Any) -> dict[str, str]:
    event = event if isinstance(event, dict) else {}
    request = event.get("request")
    keys = {
        "execution": event.get("execution"),
        "environment": request.get("environment") if isinstance(request, dict) else None,
    }
    return {key: value for key, value in keys.items() if isinstance(value, str)}
