"""AWS's errors in our words: what heals is told from what does not."""

from __future__ import annotations

import json
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import (
    ClientError,
    EndpointConnectionError,
    ParamValidationError,
)
from botocore.retries.standard import ThrottledRetryableChecker, TransientRetryableChecker
from pydantic import BaseModel, ConfigDict

from lifecycle.entry import PASSING, THROTTLES, Wire, aws_errors, explain, logger, stage
from lifecycle.errors import (
    AwsCallError,
    HealingError,
    InvalidRequestError,
    ServiceUnavailableError,
    ThrottledError,
)
from lifecycle.request.preparation import PrepareEvent
from tests.functions.lifecycle.lambda_context import LambdaContext
from tests.functions.test_policies import SERVICES


def refusal(code: str, status: int = 400) -> ClientError:
    answer = {
        "Error": {"Code": code, "Message": "no"},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(answer, "PutRetentionPolicy")


@pytest.mark.parametrize(
    ("raised", "ours"),
    [
        (refusal("ThrottlingException"), ThrottledError),
        (refusal("InternalFailure", 500), ServiceUnavailableError),
        (refusal("OperationAbortedException"), ServiceUnavailableError),
        (refusal("ConcurrentModificationException"), ServiceUnavailableError),
        # As IAM writes it.
        (refusal("ConcurrentModification", 409), ServiceUnavailableError),
        *((refusal(code, 409), ServiceUnavailableError) for code in PASSING),
        *((refusal(code), ThrottledError) for code in THROTTLES),
        (refusal("InvalidParameterException"), AwsCallError),
        # These may say that something exists already.
        (refusal("ConflictException", 409), AwsCallError),
        (refusal("ResourceInUseException"), AwsCallError),
        (EndpointConnectionError(endpoint_url="https://x"), ServiceUnavailableError),
        (ParamValidationError(report="Missing name"), AwsCallError),
    ],
)
def test_what_heals_is_told_from_what_does_not(raised: Exception, ours: type[Exception]) -> None:
    with pytest.raises(ours) as caught, aws_errors():
        raise raised
    assert type(caught.value) is ours


@pytest.mark.parametrize("service", sorted({service for service, _ in SERVICES.values()}))
def test_every_error_that_a_service_calls_retryable_heals(service: str) -> None:
    for shape in botocore.session.get_session().get_service_model(service).error_shapes:
        meta = shape.metadata
        code = meta.get("error", {}).get("code", shape.name)
        status = meta.get("error", {}).get("httpStatusCode", 400)
        if meta.get("retryable") is not None or shape.name == "ConcurrentModificationException":
            assert isinstance(explain(refusal(code, status)), HealingError), shape.name


def test_what_botocore_retries_heals() -> None:
    codes = {
        *TransientRetryableChecker._TRANSIENT_ERROR_CODES,
        *ThrottledRetryableChecker._THROTTLED_ERROR_CODES,
    }
    # The first is a quota that is used up in the services that are called here; the others are of other services.
    others = {"LimitExceededException", "EC2ThrottledException", "TransactionInProgressException"}
    for code in codes - others:
        assert isinstance(explain(refusal(code)), HealingError), code


@pytest.mark.parametrize("event", [None, [], "text", 7])
def test_an_event_that_is_no_object_is_refused(event: Any) -> None:
    def act(event: BaseModel) -> BaseModel:
        raise AssertionError("not called")

    with pytest.raises(InvalidRequestError, match=r"^event: given a \w+, allowed: a JSON object$"):
        stage(BaseModel)(act)(event, LambdaContext())


class Counted(BaseModel):
    """An event with one field."""

    model_config = ConfigDict(extra="allow")

    count: int = 0


@pytest.mark.parametrize(
    ("event", "place"),
    [({"count": "many"}, "count"), ({"\ud800": None}, "event"), ({"count": {"a": 1}}, "count")],
)
def test_an_event_that_is_no_model_is_refused_by_name(event: Any, place: str) -> None:
    @stage(Counted)
    def run(given: Counted) -> Counted:
        return given

    with pytest.raises(InvalidRequestError, match=f"^{place}: given what the function cannot read"):
        run(event, LambdaContext())


@pytest.mark.parametrize(
    ("given", "environment"),
    [
        ({"environment": "shop"}, "shop"),
        # The name that an input without one has.
        ({"action": "teardown"}, "dev"),
        ({"detail-type": "Provision", "detail": {"environment": "shop"}}, "shop"),
        ({"environment": "shop", "colour": "red"}, "shop"),
        ({"environment": "not a name!"}, None),
        ("no object", None),
    ],
)
def test_each_line_of_the_first_stage_names_the_environment(
    capsys: pytest.CaptureFixture[str], given: Any, environment: str | None
) -> None:
    seen: list[Any] = []

    @stage(PrepareEvent)
    def prepare(event: PrepareEvent) -> Wire:
        seen.append(logger.get_current_keys())
        raise InvalidRequestError(str(event.input))

    with pytest.raises(InvalidRequestError):
        prepare({"execution": "arn:x", "input": given}, LambdaContext())
    seen.append(json.loads(capsys.readouterr().out.splitlines()[-1]))
    # A line about the stage, and the metric's event.
    assert [line.get("environment") for line in seen] == [environment] * 2
    assert [line["execution"] for line in seen] == ["arn:x"] * 2
