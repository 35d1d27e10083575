"""Every place that reaches into moto's private parts, and why.

Each seam names what moto does instead and where that is known upstream; for each there is a canary
test in `tests/local/services/test_moto_seams.py` that fails when moto no longer needs it.
`install` is idempotent and stays in force for the life of the process.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
import uuid
from functools import wraps
from typing import Any

import moto.stepfunctions.parser.asl.eval.states as sfn_states
import moto.stepfunctions.parser.asl.eval.variable_store as sfn_variables
import moto.stepfunctions.parser.asl.jsonata.jsonata as sfn_jsonata
from jsonata.jexception import JException
from jsonata.jsonata import Jsonata
from jsonata.utils import Utils
from moto.core.config import default_user_config
from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.models import AWSManagedPolicy, iam_backends
from moto.moto_api._internal.models import moto_api_backend
from moto.s3.models import FakeBucket
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import (
    CustomErrorName,
)
from moto.stepfunctions.parser.asl.component.common.error_name.error_name import ErrorName
from moto.stepfunctions.parser.asl.component.intrinsic.jsonata import (
    _DECLARATION_BY_VARIABLE_REFERENCE as FUNCTION_DECLARATIONS,
)
from moto.stepfunctions.parser.models import StepFunctionsParserBackend

INTERPRETER_KEYS = ("ak", "sk")
"""The keys that moto's interpreter signs its own calls with (`utils/boto_client.py` there)."""


def install() -> None:
    """Put every seam in place."""
    default_user_config["stepfunctions"]["execute_state_machine"] = True
    # getmoto/moto#10105: JSONata is a stub, with this function as its one entrance.
    sfn_jsonata._eval_jsonata = evaluate_jsonata
    # Strings are put between quotes as they are, so a quote or a newline in a value (an error's
    # Cause that is JSON) breaks the expression. Imported by name in two places.
    sfn_states.encode_jsonata_variable_declarations = declare_variables  # type: ignore[attr-defined]
    sfn_variables.encode_jsonata_variable_declarations = declare_variables  # type: ignore[attr-defined]
    _name_executions()
    _let_states_errors_through()
    _heed_conditions()


def reset() -> None:
    """Empty every moto backend: a new embedded AWS starts with an account that has nothing."""
    moto_api_backend.reset()


def _let_states_errors_through() -> None:
    """Let an error of Step Functions' own (`States.…`) leave a Parallel branch and reach a Fail state.

    moto carries both as custom error names, whose constructor refuses the prefix with a ValueError,
    so a caught States.QueryEvaluationError ends the execution as States.Runtime.
    """

    def accept(self: CustomErrorName, error_name: str | None) -> None:
        ErrorName.__init__(self, error_name=error_name)

    CustomErrorName.__init__ = accept


# --- IAM ---------------------------------------------------------------------------------------------


def know_managed_policy(account_id: str, arn: str) -> None:
    """Make one of AWS's managed policies known to IAM.

    moto knows all of them or none (`load_aws_managed_policies`), and all take a second and a half.
    """
    backend = iam_backends[account_id]["aws"]
    if arn in backend.managed_policies:
        return
    name = arn.rpartition("/")[2]
    start = aws_managed_policies_data.find(f'\n "{name}":{{')
    if start < 0:
        return
    brace = aws_managed_policies_data.index("{", start)
    data, _ = _VALUE.raw_decode(aws_managed_policies_data, brace)
    policy = AWSManagedPolicy.from_data(name, account_id, backend.region_name, data)
    if policy.arn == arn:
        backend.managed_policies[arn] = policy


# --- S3 ------------------------------------------------------------------------------------------


def _heed_conditions() -> None:
    """Leave refusals with a condition out of what a bucket policy refuses.

    moto does not look at conditions ("Conditions are not taken into account", S3 models), so a
    statement that refuses unencrypted transport refuses everything. Loopback counts as encrypted.
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


# --- JSONata -------------------------------------------------------------------------------------

_DECLARATION = re.compile(r"(\$[A-Za-z0-9_$]+):=")
_VALUE = json.JSONDecoder()


def declare_variables(bindings: dict[str, Any]) -> str:
    """Write variables as `$name:=<JSON>;`, strings escaped."""
    return "".join(
        f"{name}:={json.dumps(value, separators=(',', ':'), default=str)};"
        for name, value in bindings.items()
    )


def evaluate_jsonata(expression: str) -> Any:
    """Evaluate what moto composes: `(` declarations, expression `)`, maybe within `$exists(…)`.

    The declared values are read as JSON and bound, not parsed as JSONata: that is faster, and a
    list with one element stays a list, as it does in the service.

    Raises:
        JSONataException: With the message of the JSONata error.
    """
    function, body = "", expression
    for name in ("$exists", "$type"):
        if expression.startswith(f"{name}((") and expression.endswith("))"):
            function, body = name, expression[len(name) + 1 : -1]
    declarations, bindings, body = _take_declarations(body[1:-1])
    try:
        compiled = Jsonata(f"{function}({declarations}{body})")
        compiled.register_lambda("uuid", lambda _args: str(uuid.uuid4()))
        compiled.register_lambda("hash", _hash)
        return compiled.evaluate(None, bindings)
    except JException as error:
        raise sfn_jsonata.JSONataException("UNKNOWN", str(error)) from error


def _take_declarations(body: str) -> tuple[str, dict[str, Any], str]:
    """Split a composed expression into function declarations, bound values, and the rest."""
    functions = ""
    while True:
        for name, text in FUNCTION_DECLARATIONS.items():
            if body.startswith(text):
                # moto has these two as a sentence that says it has not.
                functions += "" if name in ("$uuid", "$hash") else text
                body = body[len(text) :]
                break
        else:
            break
    bindings: dict[str, Any] = {}
    while found := _DECLARATION.match(body):
        try:
            value, end = _VALUE.raw_decode(body, found.end())
        except ValueError:
            break
        if body[end : end + 1] != ";":
            break
        bindings[found.group(1)[1:]] = Utils.NULL_VALUE if value is None else value
        body = body[end + 1 :]
    return functions, bindings, body


def _hash(arguments: list[Any]) -> str:
    """`$hash(value, algorithm)`, as the developer guide's list of JSONata functions has it."""
    value, algorithm = arguments[0], arguments[1] if len(arguments) > 1 else "SHA-256"
    known = {"MD5", "SHA-1", "SHA-256", "SHA-384", "SHA-512"}
    if algorithm not in known:
        raise JException("D3001", -1, algorithm)
    text = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
    return hashlib.new(algorithm.replace("SHA-", "SHA").lower(), text.encode()).hexdigest()


# --- executions ----------------------------------------------------------------------------------

_start_lock = threading.Lock()


def _name_executions() -> None:
    """Give every execution a name, and let two starts of one name see each other.

    moto leaves the name `None` (so `$states.context.Execution.Name` is null and all ARNs are the
    same), and looks for the name and adds the execution without a lock between the two.
    """
    original = StepFunctionsParserBackend.start_execution
    if hasattr(original, "__wrapped__"):
        return

    @wraps(original)
    def start_execution(
        self: StepFunctionsParserBackend,
        state_machine_arn: str,
        name: str | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> Any:
        with _start_lock:
            return original(self, state_machine_arn, name or str(uuid.uuid4()), *args, **kwargs)

    StepFunctionsParserBackend.start_execution = start_execution  # type: ignore[method-assign]
