"""Every place that reaches into moto's private parts, and why.

Each seam says what moto does instead, and after `Upstream:` the issue or pull request that knows of
it; `report N` is the text of one that is still to be filed (local/moto/upstream/). For each there is a
canary in `tests/local/moto/test_seams.py` that fails when moto no longer needs it.
`install` may be called again, and stays in force for the process.
"""

from __future__ import annotations

import json
import re
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache, wraps
from typing import Any, Protocol

import boto3
import moto.resourcegroupstaggingapi.models as tagging_models
import moto.stepfunctions.parser.asl.component.state.state as sfn_state
import moto.stepfunctions.parser.asl.eval.states as sfn_states
import moto.stepfunctions.parser.asl.eval.variable_store as sfn_variables
import moto.stepfunctions.parser.asl.jsonata.jsonata as sfn_jsonata
import moto.stepfunctions.parser.asl.utils.boto_client as sfn_clients
import moto.stepfunctions.parser.backend.execution_worker as sfn_worker
from botocore.exceptions import BotoCoreError
from joserfc import jwt
from moto.cognitoidp.exceptions import InvalidParameterException
from moto.cognitoidp.models import CognitoIdpBackend, CognitoIdpUserPool, cognitoidp_backends
from moto.cognitoidp.responses import CognitoIdpResponse
from moto.core.config import default_user_config
from moto.core.resource_tagging import TaggedResource
from moto.core.responses import ActionResult
from moto.events.models import Rule, events_backends
from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.models import AWSManagedPolicy, iam_backends
from moto.moto_api._internal.models import moto_api_backend
from moto.s3.models import FakeBucket
from moto.scheduler.models import scheduler_backends
from moto.secretsmanager.models import secretsmanager_backends
from moto.stepfunctions.exceptions import InvalidExecutionInput, InvalidName
from moto.stepfunctions.parser.api import (
    EvaluationFailedEventDetails,
    HistoryEventType,
    TaskFailedEventDetails,
)
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import (
    CustomErrorName,
)
from moto.stepfunctions.parser.asl.component.common.error_name.error_name import ErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEvent,
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import (
    StatesErrorName,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from moto.stepfunctions.parser.asl.component.common.string.string_expression import (
    StringJSONata,
)
from moto.stepfunctions.parser.asl.component.intrinsic.jsonata import (
    _DECLARATION_BY_VARIABLE_REFERENCE as FUNCTION_DECLARATIONS,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service import (
    StateTaskService,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_lambda import (
    StateTaskServiceLambda,
)
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails
from moto.stepfunctions.parser.asl.parse.preprocessor import Preprocessor
from moto.stepfunctions.parser.models import (
    StepFunctionsParserBackend,
    stepfunctions_parser_backends,
)
from moto.stepfunctions.parser.utils import camel_to_snake_case
from moto.stepfunctions.responses import StepFunctionResponse

from local.edge.operations import new_session
from local.moto.stepfunctions.jsonata_engine import JsonataError, evaluate

INTERPRETER_KEYS = ("ak", "sk")
"""The keys that moto's interpreter signs its own calls with (`utils/boto_client.py` there)."""

_installed = threading.Lock()


def install() -> None:
    """Put every seam in place."""
    if not _installed.acquire(blocking=False):
        return
    default_user_config["stepfunctions"]["execute_state_machine"] = True
    _evaluate_jsonata()
    _fill_context()
    _unescape_strings()
    _let_states_errors_through()
    _name_lambda_faults()
    _spell_parameters()
    _share_clients()
    _mend_executions()
    _heed_conditions()
    _deliver_events()
    _limit_tokens()
    _enforce_flows()
    _update_resource_servers()
    tag_user_pools()
    _find_more_tagged()


def stop_executions(account_id: str, region: str) -> None:
    """Stop every execution that runs: its thread would go on, and call a server that is gone."""
    backend = stepfunctions_parser_backends[account_id][region]
    for machine in [*backend.state_machines]:
        for execution in [*machine.executions]:
            if execution.status == "RUNNING":
                execution.stop(datetime.now(UTC), None, None)


def reset() -> None:
    """Empty every moto backend: a new embedded AWS starts with an account that has nothing."""
    moto_api_backend.reset()
    _clients.forget()


# --- Step Functions: JSONata ---------------------------------------------------------------------

_DECLARATION = re.compile(r"(\$[A-Za-z0-9_$]+):=")
_JSON = json.JSONDecoder()


def _evaluate_jsonata() -> None:
    """Evaluate JSONata, which moto has as a stub with one entrance.

    Upstream: getmoto/moto#10105, #10112; quoting of variables: report 1; errors of an expression:
    report 3; `$uuid`: localstack/localstack#12667.
    """
    sfn_jsonata._eval_jsonata = evaluate_composed
    # Strings are put between quotes as they are, so a quote or a newline in a value (an error's
    # Cause that is JSON) breaks the expression. Imported by name in two places.
    for module in (sfn_states, sfn_variables):
        module.encode_jsonata_variable_declarations = declare_variables  # type: ignore[attr-defined]
    original = StringJSONata._eval_body

    @wraps(original)
    def _eval_body(self: StringJSONata, env: Any) -> None:
        # A fault of the evaluation ends as States.Runtime, which nothing can catch.
        try:
            original(self, env)
        except JsonataError as error:
            name = StatesErrorName(typ=StatesErrorNameType.StatesQueryEvaluationError)
            details = EventDetails(  # type: ignore[typeddict-item]
                evaluationFailedEventDetails=EvaluationFailedEventDetails(
                    error=name.error_name,
                    cause=f"The JSONata expression '{self.expression}' threw an error during "
                    f"evaluation. {error}",
                )
            )
            kind = HistoryEventType.EvaluationFailed
            env.event_manager.add_event(
                context=env.event_history_context, event_type=kind, event_details=details
            )
            raise FailureEventException(FailureEvent(env, name, kind, details)) from error

    StringJSONata._eval_body = _eval_body  # type: ignore[method-assign]


def declare_variables(bindings: dict[str, Any]) -> str:
    """Write variables as `$name:=<JSON>;`, strings escaped."""
    return "".join(
        f"{name}:={json.dumps(value, separators=(',', ':'), default=str)};"
        for name, value in bindings.items()
    )


def evaluate_composed(composed: str) -> Any:
    """Evaluate what moto composes: `(` declarations, expression `)`, maybe within `$exists(…)`.

    The declared values are read as JSON and bound, not parsed as JSONata: that is faster, and a
    list with one element stays a list, as it does in the service.

    Raises:
        JsonataError: The expression fails.
    """
    function, body = "", composed
    for name in ("$exists", "$type"):
        if composed.startswith(f"{name}((") and composed.endswith("))"):
            function, body = name, composed[len(name) + 1 : -1]
    functions, variables, body = _take_declarations(body[1:-1])
    return evaluate(f"{function}({functions}{body})", variables)


def _take_declarations(body: str) -> tuple[str, dict[str, Any], str]:
    """Split a composed expression into function declarations, values, and the rest."""
    functions = ""
    while True:
        for name, text in FUNCTION_DECLARATIONS.items():
            if body.startswith(text):
                # moto has the first two as a sentence that says it has not, and the third takes
                # JSON for an expression; the engine has all three.
                functions += "" if name in ("$uuid", "$hash", "$parse") else text
                body = body[len(text) :]
                break
        else:
            break
    variables: dict[str, Any] = {}
    while found := _DECLARATION.match(body):
        try:
            value, end = _JSON.raw_decode(body, found.end())
        except ValueError:
            break
        if body[end : end + 1] != ";":
            break
        variables[found.group(1)[1:]] = value
        body = body[end + 1 :]
    return functions, variables, body


# --- Step Functions: the interpreter -------------------------------------------------------------


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _fill_context() -> None:
    """Write the context object as the service does ("Accessing execution data" in its guide).

    moto leaves out `Execution.RedriveCount` and (but in Map and Parallel) `State.RetryCount`,
    and writes times in two other ways.

    Upstream: report 4; of the times: localstack/localstack#10713, #9695.
    """
    state_data, execution_data = sfn_states.StateData, sfn_states.ExecutionData

    def state(**members: Any) -> Any:
        return state_data(**{"RetryCount": 0, **members, "EnteredTime": _iso(datetime.now(UTC))})

    def execution(**members: Any) -> Any:
        started = members["StartTime"]
        return execution_data(**members | {"StartTime": _iso(started), "RedriveCount": 0})

    sfn_state.StateData = state  # type: ignore[attr-defined, assignment]
    sfn_worker.ExecutionData = execution  # type: ignore[attr-defined, assignment]


def _unescape_strings() -> None:
    r"""Read strings of a definition as JSON; moto leaves `\"` and `\n` in some as they stand.

    These are state names, literals of Assign, keys and JSON paths; the others are mended.
    Upstream: report 2, what is left of localstack/localstack#12072 (in moto by getmoto/moto#9142).
    """
    original = Preprocessor._inner_string_of

    def inner_string_of(parser_rule_context: Any) -> str | None:
        text = parser_rule_context.getText()
        if len(text) >= 2 and text.startswith('"') and text.endswith('"'):
            return str(json.loads(text))
        return original(parser_rule_context)

    Preprocessor._inner_string_of = staticmethod(inner_string_of)  # type: ignore[method-assign]


def _let_states_errors_through() -> None:
    """Let an error of Step Functions' own (`States.…`) leave a Parallel branch and reach a Fail state.

    moto carries both as custom error names, whose constructor refuses the prefix with a ValueError,
    so a States.QueryEvaluationError inside a branch cannot be caught: the execution ends as
    States.Runtime. Upstream: report 5; of branches: localstack/localstack#10489.
    """

    def accept(self: CustomErrorName, error_name: str | None) -> None:
        ErrorName.__init__(self, error_name=error_name)

    CustomErrorName.__init__ = accept  # type: ignore[method-assign]


def _name_lambda_faults() -> None:
    """Name a call that never reached Lambda `Lambda.SdkClientException`, which can be retried.

    moto ends the execution with States.Runtime. The name is in the developer guide's best
    practices, "Handle transient Lambda service exceptions". Upstream: report 6.
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


def _spell_parameters() -> None:
    """Turn `StateMachineArn` into `stateMachineArn`, for services whose API is written so.

    A definition writes all parameters in PascalCase; moto has the two methods that should adapt
    them to botocore's model, but left them empty.
    Upstream: getmoto/moto#10076, #10094, #10101.
    """
    session = new_session()

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
    """Stands in for the module `boto3` where the interpreter makes a client for every task.

    Making one takes up to a tenth of a second, and boto3's default session is not safe between
    the threads of a Parallel state.
    """

    def __init__(self) -> None:
        self._clients: dict[tuple[str, str, str | None], Any] = {}
        self._lock = threading.Lock()

    def client(
        self, service_name: str, region_name: str, endpoint_url: str | None = None, **settings: Any
    ) -> Any:
        key = (service_name, region_name, endpoint_url)
        with self._lock:
            if key not in self._clients:
                session = boto3.Session(botocore_session=new_session())
                self._clients[key] = session.client(
                    service_name, region_name=region_name, endpoint_url=endpoint_url, **settings
                )
            return self._clients[key]

    def forget(self) -> None:
        with self._lock:
            self._clients.clear()


_clients = _SharedClients()


def _share_clients() -> None:
    """Give the interpreter clients that its threads share. Upstream: report 7; boto/boto3#1592."""
    sfn_clients.boto3 = _clients  # type: ignore[attr-defined]


# --- Step Functions: the API ---------------------------------------------------------------------

_start_lock = threading.Lock()
_BAD_IN_NAME = re.compile(r"[\s<>{}\[\]?*\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]")


def _mend_executions() -> None:
    """Name executions, tell how they were stopped, page through their history.

    moto leaves the name `None` (so `$states.context.Execution.Name` is null, all ARNs are the same
    and a second start is refused), looks for the name and adds the execution without a lock between the two, takes any
    name, gives an output that is a text without its quotes, has no code in its error for a bad
    input, loses `error` and `cause` of StopExecution, and always answers GetExecutionHistory whole
    and oldest first. Upstream: reports 8 to 14; of names: getmoto/moto#6438; of the history's order:
    localstack/localstack#10106.
    """
    start = StepFunctionsParserBackend.start_execution
    stop = StepFunctionResponse.stop_execution
    describe = StepFunctionResponse.describe_execution

    @wraps(start)
    def start_execution(
        self: StepFunctionsParserBackend,
        state_machine_arn: str,
        name: str | None = None,
        execution_input: str = "{}",
        *args: Any,
    ) -> Any:
        if name is not None and (_BAD_IN_NAME.search(name) or not 1 <= len(name) <= 80):
            raise InvalidName(f"Invalid Name: '{name}'")
        try:
            json.loads(execution_input)
        except ValueError as error:
            raise InvalidExecutionInput(f"Invalid State Machine Execution Input: {error}") from None
        with _start_lock:
            return start(self, state_machine_arn, name or str(uuid.uuid4()), execution_input, *args)

    @wraps(stop)
    def stop_execution(self: StepFunctionResponse) -> Any:
        answer = stop(self)
        arn = self._get_param("executionArn")
        execution = self.stepfunction_backend.describe_execution(arn)
        execution.error, execution.cause = self._get_param("error"), self._get_param("cause")
        return answer

    @wraps(describe)
    def describe_execution(self: StepFunctionResponse) -> ActionResult:
        answer = describe(self)
        arn = self._get_param("executionArn")
        output = self.stepfunction_backend.describe_execution(arn).output
        if isinstance(output, str):
            described: Any = answer.result
            described["output"] = json.dumps(output)
        return answer

    def get_execution_history(self: StepFunctionResponse) -> ActionResult:
        history = self.stepfunction_backend.get_execution_history(self._get_param("executionArn"))
        events = [*history["events"]]
        if self._get_param("reverseOrder"):
            events.reverse()
        begin = int(self._get_param("nextToken") or 0)
        end = begin + (int(self._get_param("maxResults") or 0) or 100)
        more = {"nextToken": str(end)} if end < len(events) else {}
        return ActionResult({"events": events[begin:end], **more})

    StepFunctionsParserBackend.start_execution = start_execution  # type: ignore[method-assign, assignment]
    StepFunctionResponse.describe_execution = describe_execution  # type: ignore[method-assign]
    StepFunctionResponse.stop_execution = stop_execution  # type: ignore[method-assign]
    StepFunctionResponse.get_execution_history = (  # type: ignore[method-assign]
        get_execution_history
    )


# --- EventBridge ---------------------------------------------------------------------------------


class EventSink(Protocol):
    """Takes an event for one target of one rule."""

    def __call__(self, target: dict[str, Any], event: dict[str, Any], rule_arn: str) -> None:
        """Deliver an event (the whole envelope) to a target of a rule."""


_sink: EventSink | None = None


def deliver_events_to(sink: EventSink | None) -> None:
    """Choose who delivers events to targets; `None` for nobody."""
    global _sink
    _sink = sink


def _deliver_events() -> None:
    """Hand each event to our own delivery, for every target of every enabled rule it matches.

    moto raises NotImplementedError for a state machine or a function, delivers for disabled
    rules too, writes the time as a number, adds `ingestion-time`, and shows events of AWS services
    to every bus. Upstream: reports 15 to 18; of state machines: getmoto/moto#8452.
    """

    def send_to_targets(
        self: Rule, original_event: dict[str, Any], transform_input: bool = True
    ) -> None:
        event: Any = {
            name: value for name, value in original_event.items() if name != "ingestion-time"
        }
        bus = self.event_bus_name.rpartition("/")[2]
        if event["source"].startswith("aws.") and bus != "default":
            return
        if isinstance(event["time"], int | float):
            moment = datetime.fromtimestamp(event["time"], UTC)
            event["time"] = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
        # A rule without a pattern has a schedule; to moto it matches everything.
        wanted = self.event_pattern.dump() and self.event_pattern.matches_event(event)
        if self.state != "ENABLED" or _sink is None or not wanted:
            return
        for target in self.targets:
            _sink(target, event, self.arn)

    Rule.send_to_targets = send_to_targets  # type: ignore[method-assign, assignment]


@dataclass(frozen=True)
class Timer:
    """A rule or a schedule that fires by the clock.

    Attributes:
        arn: Its ARN.
        expression: `rate(…)`, `cron(…)` or `at(…)`.
        timezone: Where `cron` and `at` are meant.
        targets: What it fires at.
        rule: Whether it is a rule of EventBridge, not a schedule of EventBridge Scheduler.
    """

    arn: str
    expression: str
    timezone: str
    targets: list[dict[str, Any]]
    rule: bool


def timers(account_id: str, region: str) -> list[Timer]:
    """Return every enabled rule with a schedule, and every enabled schedule.

    moto keeps them and never fires one (upstream: report 19). Read from its models, since a poll through its API would
    fill the call log.
    """
    rules = [
        Timer(rule.arn, rule.scheduled_expression, "UTC", [*rule.targets], rule=True)
        for bus in [*events_backends[account_id][region].event_buses.values()]
        for rule in [*bus.rules.values()]
        if rule.scheduled_expression and rule.state == "ENABLED"
    ]
    schedules = [
        Timer(
            schedule.arn,
            schedule.schedule_expression,
            schedule.schedule_expression_timezone,
            [schedule.target],
            rule=False,
        )
        for group in [*scheduler_backends[account_id][region].schedule_groups.values()]
        for schedule in [*group.schedules.values()]
        if schedule.state == "ENABLED"
    ]
    return rules + schedules


# --- Cognito -------------------------------------------------------------------------------------

_UNITS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400}
_DEFAULT_FLOWS = ["ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_CUSTOM_AUTH"]
_FLOW_NAMES = {
    "REFRESH_TOKEN": "REFRESH_TOKEN_AUTH",
    "ADMIN_NO_SRP_AUTH": "ADMIN_USER_PASSWORD_AUTH",
}


def _limit_tokens() -> None:
    """Give tokens the life that the client says; moto gives all an hour. Upstream: report 20."""
    original = CognitoIdpUserPool.create_jwt

    @wraps(original)
    def create_jwt(
        self: CognitoIdpUserPool, client_id: str, username: str, token_use: str, **more: Any
    ) -> tuple[str, int]:
        client = self.clients.get(client_id)
        if client is not None and "expires_in" not in more:
            more["expires_in"] = token_seconds(client.extended_config, token_use)
        return original(self, client_id, username, token_use, **more)

    CognitoIdpUserPool.create_jwt = create_jwt  # type: ignore[method-assign, assignment]


def token_seconds(client: dict[str, Any], token_use: str) -> int:
    """Return how long a client's `access` or `id` tokens live, in seconds.

    The unit is hours unless `TokenValidityUnits` says another (Cognito API reference,
    UserPoolClientType).
    """
    name = "AccessToken" if token_use == "access" else "IdToken"  # noqa: S105
    unit = (client.get("TokenValidityUnits") or {}).get(name, "hours")
    return int(client.get(f"{name}Validity") or 0) * _UNITS[unit] or 3600


def _enforce_flows() -> None:
    """Refuse a sign-in by a flow that the client does not allow. Upstream: report 21."""
    admin = CognitoIdpBackend.admin_initiate_auth
    public = CognitoIdpBackend.initiate_auth

    def check(client: Any, flow: str) -> None:
        allowed = (client.extended_config.get("ExplicitAuthFlows") if client else None) or (
            _DEFAULT_FLOWS
        )
        flow = _FLOW_NAMES.get(flow, flow)
        if client is not None and not {f"ALLOW_{flow}", flow} & set(allowed):
            raise InvalidParameterException(f"{flow} flow not enabled for this client")

    @wraps(admin)
    def admin_initiate_auth(
        self: CognitoIdpBackend, user_pool_id: str, client_id: str, auth_flow: str, parameters: Any
    ) -> Any:
        check(self.describe_user_pool(user_pool_id).clients.get(client_id), auth_flow)
        return admin(self, user_pool_id, client_id, auth_flow, parameters)

    @wraps(public)
    def initiate_auth(
        self: CognitoIdpBackend, client_id: str, auth_flow: str, parameters: Any
    ) -> Any:
        for pool in [*self.user_pools.values()]:
            check(pool.clients.get(client_id), auth_flow)
        return public(self, client_id, auth_flow, parameters)

    CognitoIdpBackend.admin_initiate_auth = admin_initiate_auth  # type: ignore[method-assign, assignment]
    CognitoIdpBackend.initiate_auth = initiate_auth  # type: ignore[method-assign, assignment]


def _update_resource_servers() -> None:
    """Serve UpdateResourceServer, which moto lacks.

    Name and scopes are replaced; the identifier cannot be changed (Cognito API reference).
    Upstream: report 22.
    """

    def update_resource_server(self: CognitoIdpResponse) -> ActionResult:
        server = self.backend.describe_resource_server(
            self._get_param("UserPoolId"), self._get_param("Identifier")
        )
        server.name, server.scopes = self._get_param("Name"), self._get_param("Scopes")
        return ActionResult({"ResourceServer": server.to_json()})

    CognitoIdpResponse.update_resource_server = (  # type: ignore[attr-defined]
        update_resource_server
    )


def tag_user_pools() -> None:
    """Serve TagResource, which moto lacks for user pools. Upstream: report 22.

    Public, since the functions' own tests use moto alone.
    """

    def tag_resource(self: CognitoIdpResponse) -> ActionResult:
        pool_id = self._get_param("ResourceArn").rpartition("/")[2]
        pool = self.backend.describe_user_pool(pool_id)
        tags = pool.extended_config.get("UserPoolTags") or {}
        pool.extended_config["UserPoolTags"] = {**tags, **self._get_param("Tags")}
        return ActionResult({})

    CognitoIdpResponse.tag_resource = tag_resource  # type: ignore[attr-defined]


@dataclass(frozen=True)
class AppClient:
    """An app client with what a token endpoint needs to know of it.

    Attributes:
        pool: moto's user pool.
        secret: The client's secret, if it has one.
        settings: The client as DescribeUserPoolClient has it.
        has_domain: Whether the pool has a domain, and so a token endpoint.
    """

    pool: CognitoIdpUserPool
    secret: str | None
    settings: dict[str, Any]
    has_domain: bool


def app_client(account_id: str, region: str, client_id: str) -> AppClient | None:
    """Return an app client of any pool, or `None` if there is none of this id."""
    backend = cognitoidp_backends[account_id][region]
    for pool in [*backend.user_pools.values()]:
        client = pool.clients.get(client_id)
        if client is not None:
            domains = backend.user_pool_domains.values()
            return AppClient(
                pool,
                client.secret if client.generate_secret else None,
                dict(client.extended_config),
                any(domain.user_pool_id == pool.id for domain in domains),
            )
    return None


def sign_token(pool: CognitoIdpUserPool, claims: dict[str, Any]) -> str:
    """Sign claims with the key that the pool publishes (moto: one for all pools; upstream: report 26)."""
    return str(jwt.encode({"kid": "dummy", "alg": "RS256"}, claims, pool.json_web_key))


# --- Resource groups tagging ---------------------------------------------------------------------

TaggedThings = Callable[[], list[tuple[str, dict[str, str]]]]
"""Returns ARN and tags of every resource of a service."""

_tagged: list[TaggedThings] = []


def tag_sources(*sources: TaggedThings) -> None:
    """Choose which resources GetResources finds beside moto's own."""
    _tagged[:] = sources


def user_pool_tags(account_id: str, region: str) -> list[tuple[str, dict[str, str]]]:
    """Return ARN and tags of every user pool."""
    return [
        (pool.arn, dict(pool.extended_config.get("UserPoolTags") or {}))
        for pool in [*cognitoidp_backends[account_id][region].user_pools.values()]
    ]


class _MoreTagged:
    """Looks like one of moto's backends to the tagging API."""

    def iter_tagged_resources(self) -> Iterator[TaggedResource]:
        for source in _tagged:
            for arn, resource_tags in source():
                service, resource = arn.split(":", 5)[2], arn.split(":", 5)[5]
                kind = f"{service}:{resource.partition('/')[0]}"
                yield TaggedResource(arn, resource_tags, kind)

    def owns_arn(self, _arn: str) -> bool:
        return False


def _find_more_tagged() -> None:
    """Let GetResources find user pools and AgentCore, which moto does not. Upstream: report 22."""
    original = tagging_models.iter_taggable_backends  # type: ignore[attr-defined]

    def iter_taggable_backends(account_id: str, region_name: str) -> Iterator[Any]:
        yield from original(account_id, region_name)
        yield _MoreTagged()

    tagging_models.iter_taggable_backends = iter_taggable_backends  # type: ignore[attr-defined]


# --- S3 ------------------------------------------------------------------------------------------


def _heed_conditions() -> None:
    """Leave refusals with a condition out of what a bucket policy refuses.

    moto does not look at conditions ("Conditions are not taken into account", S3 models), so a
    statement that refuses unencrypted transport refuses everything. Loopback counts as encrypted.
    Upstream: report 24; getmoto/moto#5820 asked for the refusal.
    """

    def get_permission(self: FakeBucket, action: str, resource: str) -> Any:
        if self.policy is None:
            return PermissionResult.NEUTRAL
        document = json.loads(self.policy)
        document["Statement"] = [
            statement
            for statement in document["Statement"]
            if not (statement["Effect"] == "Deny" and "Condition" in statement)
        ]
        return IAMPolicy(json.dumps(document)).is_action_permitted(action, resource)

    FakeBucket.get_permission = get_permission  # type: ignore[method-assign]


# --- IAM -----------------------------------------------------------------------------------------


def know_managed_policy(account_id: str, arn: str) -> None:
    """Make one of AWS's managed policies known to IAM.

    moto knows all of them or none (`load_aws_managed_policies`), and all take a second and a half.
    Upstream: getmoto/moto#7219, on purpose.
    """
    backend = iam_backends[account_id]["aws"]
    if arn in backend.managed_policies:
        return
    name = arn.rpartition("/")[2]
    start = aws_managed_policies_data.find(f'\n "{name}":{{')
    if start < 0:
        return
    data, _ = _JSON.raw_decode(
        aws_managed_policies_data, aws_managed_policies_data.index("{", start)
    )
    policy = AWSManagedPolicy.from_data(name, account_id, backend.region_name, data)
    if policy.arn == arn:
        backend.managed_policies[arn] = policy


def policies_of(account_id: str, role_arn: str) -> list[dict[str, Any]]:
    """Return the documents of a role's inline and attached policies; none of a role that there is not.

    Read from moto's models, since a look through its API at every request would fill the call log.
    """
    roles = iam_backends[account_id]["aws"].roles.values()
    role = next((role for role in roles if role.arn == role_arn), None)
    if role is None:
        return []
    attached = [
        version.document
        for policy in role.managed_policies.values()
        for version in policy.versions
        if version.is_default
    ]
    return [_document(text) for text in [*role.policies.values(), *attached]]


@lru_cache(maxsize=200)
def _document(text: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(text)
    return document


def tags_of(account_id: str, region: str, arn: str) -> dict[str, str]:
    """Return the tags of a user pool or a secret; none of anything else. Read as policies are."""
    service, resource = arn.split(":", 5)[2::3] if arn.count(":") >= 5 else ("", "")
    if service == "cognito-idp":
        pool = cognitoidp_backends[account_id][region].user_pools.get(resource.partition("/")[2])
        return dict(pool.extended_config.get("UserPoolTags") or {}) if pool else {}
    if service == "secretsmanager":
        for secret in [*secretsmanager_backends[account_id][region].secrets.values()]:
            if arn in (secret.arn, f"{secret.arn[:-6]}??????"):
                return {tag["Key"]: tag["Value"] for tag in secret.tags or []}
    return {}
