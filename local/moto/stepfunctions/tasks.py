"""Step Functions: the calls that tasks make to other services."""

from __future__ import annotations

import threading
from functools import wraps
from typing import Any

import boto3
import moto.stepfunctions.parser.asl.utils.boto_client as sfn_clients
from botocore.exceptions import BotoCoreError
from moto.stepfunctions.parser.api import (
    HistoryEventType,
    TaskFailedEventDetails,
)
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import (
    CustomErrorName,
)
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEvent,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service import (
    StateTaskService,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_lambda import (
    StateTaskServiceLambda,
)
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails
from moto.stepfunctions.parser.utils import camel_to_snake_case

from local.edge.credentials import Credentials
from local.edge.service_models import new_session, reading_session


def name_lambda_faults() -> None:
    """Report a call that never reached Lambda as `Lambda.SdkClientException`, which can be retried.

    moto fails the execution with States.Runtime. The name comes from the developer guide's best
    practices, "Handle transient Lambda service exceptions".
    Upstream: upstream/lambda-sdk-client-exception.md.
    """
    original = StateTaskServiceLambda._from_error

    @wraps(original)
    def _from_error(self: StateTaskServiceLambda, env: Any, ex: Exception) -> FailureEvent:
        if not isinstance(ex, BotoCoreError):
            return original(self, env, ex)
        name = "Lambda.SdkClientException"
        return FailureEvent(
            env=env,
            error_name=CustomErrorName(name),
            event_type=HistoryEventType.TaskFailed,
            event_details=EventDetails(  # type: ignore[typeddict-item]
                taskFailedEventDetails=TaskFailedEventDetails(
                    error=name,
                    cause=f"Unable to execute HTTP request: {ex}",
                    resource=self._get_sfn_resource(),
                    resourceType=self._get_sfn_resource_type(),
                )
            ),
        )

    StateTaskServiceLambda._from_error = _from_error  # type: ignore[method-assign]


def spell_parameters() -> None:
    """Turn `StateMachineArn` into `stateMachineArn` for services whose API uses camelCase.

    A definition writes all parameters in PascalCase. moto has the two methods that should adapt
    them to botocore's model, but they are empty.
    Upstream: getmoto/moto#10076, #10094, #10101.
    """
    session = reading_session()

    def operation_of(task: Any, service: str | None, action: str | None) -> Any:
        model = session.get_service_model(task._get_boto_service_name(service))
        wanted = task._get_boto_service_action(action)
        for name in model.operation_names:
            if camel_to_snake_case(name) == wanted:
                return model.operation_model(name)
        return None

    def _normalise_parameters(
        self: Any,
        parameters: dict[str, Any],
        boto_service_name: str | None = None,
        service_action_name: str | None = None,
    ) -> None:
        operation = operation_of(self, boto_service_name, service_action_name)
        if operation is not None and operation.input_shape is not None:
            self._to_boto_request(parameters, operation.input_shape)

    def _normalise_response(
        self: Any,
        response: Any,
        boto_service_name: str | None = None,
        service_action_name: str | None = None,
    ) -> None:
        operation = operation_of(self, boto_service_name, service_action_name)
        if operation is not None and operation.output_shape is not None:
            self._from_boto_response(response, operation.output_shape)

    StateTaskService._normalise_parameters = _normalise_parameters  # type: ignore[method-assign]
    StateTaskService._normalise_response = _normalise_response  # type: ignore[method-assign]


class _SharedClients:
    """Replaces the module `boto3` where the interpreter creates a client for every task.

    Creating a client takes up to a tenth of a second, and boto3's default session is not safe to
    share between the threads of a Parallel state. moto's own key is a constant in its source, so
    the clients sign with others.
    """

    def __init__(self) -> None:
        self._clients: dict[tuple[str, str, str | None], Any] = {}
        self._keys: dict[str, str | None] = {}
        self._lock = threading.Lock()

    def client(
        self, service_name: str, region_name: str, endpoint_url: str | None = None, **settings: Any
    ) -> Any:
        key = (service_name, region_name, endpoint_url)
        with self._lock:
            if key not in self._clients:
                session = boto3.Session(botocore_session=new_session())
                settings |= self._keys
                self._clients[key] = session.client(
                    service_name, region_name=region_name, endpoint_url=endpoint_url, **settings
                )
            return self._clients[key]

    def sign_with(self, keys: Credentials) -> None:
        with self._lock:
            self._clients.clear()
            self._keys = {
                "aws_access_key_id": keys.access_key_id,
                "aws_secret_access_key": keys.secret_access_key,
                "aws_session_token": keys.session_token,
            }


_clients = _SharedClients()


def share_clients() -> None:
    """Share clients between the interpreter's threads.

    Upstream: upstream/shared-clients.md, boto/boto3#1592.
    """
    sfn_clients.boto3 = _clients  # type: ignore[attr-defined]


def sign_with(keys: Credentials) -> None:
    """Sign every call of a task with these keys, with new clients: a new local AWS listens on another port."""
    _clients.sign_with(keys)
