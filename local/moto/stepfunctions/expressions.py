"""Step Functions: JSONata expressions, which moto leaves as a stub."""

from __future__ import annotations

import json
import re
from functools import wraps
from typing import Any

import moto.stepfunctions.parser.asl.eval.states as sfn_states
import moto.stepfunctions.parser.asl.eval.variable_store as sfn_variables
import moto.stepfunctions.parser.asl.jsonata.jsonata as sfn_jsonata
from moto.stepfunctions.parser.api import (
    EvaluationFailedEventDetails,
    HistoryEventType,
)
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
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails

from local.moto.stepfunctions.jsonata_engine import JsonataError, evaluate

_DECLARATION = re.compile(r"(\$[A-Za-z0-9_$]+):=")
_JSON = json.JSONDecoder()


def evaluate_jsonata() -> None:
    """Evaluate JSONata expressions; moto has only a stub for them.

    Upstream: getmoto/moto#10105, #10112; quotes in variables: upstream/variable-quotes.md; failed
    expressions: upstream/query-evaluation-error.md; `$uuid`: localstack/localstack#12667.
    """
    sfn_jsonata._eval_jsonata = evaluate_composed
    # moto does not escape strings, so a quote or a newline in a value (such as an error's Cause,
    # which is JSON) breaks the expression. Two modules import the function by name.
    for module in (sfn_states, sfn_variables):
        module.encode_jsonata_variable_declarations = declare_variables  # type: ignore[attr-defined]
    original = StringJSONata._eval_body

    @wraps(original)
    def _eval_body(self: StringJSONata, env: Any) -> None:
        # moto reports a failed evaluation as States.Runtime, which no Catch can match.
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
    """Evaluate the text that moto composes.

    The text is `(` declarations, expression `)`, optionally inside `$exists(…)` or `$type(…)`.
    The declared values are read as JSON, not parsed as JSONata. This is faster, and a list with one
    element stays a list, as in AWS.

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
                # In moto the first two return "not supported" and the third evaluates JSON as an
                # expression. The engine implements all three.
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
