"""Step Functions: fields of a Map state that moto's grammar does not have."""

from __future__ import annotations

import json
from functools import wraps
from typing import Any

from moto.stepfunctions.parser.asl.component.common.parargs import Parargs
from moto.stepfunctions.parser.asl.component.common.query_language import QueryLanguageMode
from moto.stepfunctions.parser.asl.component.common.string.string_expression import (
    StringJSONata,
)
from moto.stepfunctions.parser.asl.component.eval_component import EvalComponent
from moto.stepfunctions.parser.asl.component.state.exec.state_map.result_writer.result_writer_decl import (
    ResultWriter,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.resource import (
    Resource,
)
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.asl.parse.preprocessor import Preprocessor

_WRITER, _PERCENTAGE = "ResultWriter", "ToleratedFailurePercentage"


def read_map_fields() -> None:
    """Read `Arguments` of a ResultWriter, and a ToleratedFailurePercentage that is an integer.

    moto's grammar has only `Parameters` for a ResultWriter, which its interpreter then refuses in
    JSONata, and only a percentage with a decimal point. Both are in the developer guide
    ("ResultWriter (Map)", "Using Map state in Distributed mode").
    Upstream: upstream/map-fields.md.
    """
    parse, visit = AmazonStateLanguageParser.parse, Preprocessor.visitResult_writer_decl

    @wraps(parse)
    def parse_adapted(definition: str) -> Any:
        return parse(_adapted(definition))

    @wraps(visit)
    def visit_result_writer(self: Preprocessor, ctx: Any) -> ResultWriter:
        writer = json.loads("{" + ctx.getText() + "}")[_WRITER]
        given = writer.get("Parameters")
        if not isinstance(given, dict) or [*given] != ["Arguments"]:
            return visit(self, ctx)
        self._raise_if_query_language_is_not(QueryLanguageMode.JSONata, ctx)
        arguments = Parargs(_Template(given["Arguments"]))
        return ResultWriter(Resource.from_resource_arn(writer["Resource"]), arguments)

    AmazonStateLanguageParser.parse = staticmethod(parse_adapted)  # type: ignore[method-assign]
    Preprocessor.visitResult_writer_decl = visit_result_writer  # type: ignore[method-assign]


class _Template(EvalComponent):
    """A value whose texts `{% … %}` are expressions."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def _eval_body(self, env: Any) -> None:
        env.stack.append(self._evaluated(self._value, env))

    def _evaluated(self, value: Any, env: Any) -> Any:
        if isinstance(value, dict):
            return {name: self._evaluated(item, env) for name, item in value.items()}
        if isinstance(value, str) and value.startswith("{%") and value.endswith("%}"):
            StringJSONata(value[2:-2].strip()).eval(env)
            return env.stack.pop()
        return value


def _adapted(definition: str) -> str:
    """Write the fields such that the grammar takes them."""
    if _WRITER not in definition and _PERCENTAGE not in definition:
        return definition
    try:
        value = json.loads(definition)
    except ValueError:
        return definition  # the parser says what is wrong
    _adapt(value)
    return json.dumps(value, ensure_ascii=False)


def _adapt(value: Any) -> None:
    if isinstance(value, list):
        for item in value:
            _adapt(item)
    if not isinstance(value, dict):
        return
    for item in value.values():
        _adapt(item)
    if isinstance(value.get(_PERCENTAGE), int):
        value[_PERCENTAGE] = float(value[_PERCENTAGE])
    writer = value.get(_WRITER)
    if isinstance(writer, dict) and "Arguments" in writer and "Parameters" not in writer:
        writer["Parameters"] = {"Arguments": writer.pop("Arguments")}
