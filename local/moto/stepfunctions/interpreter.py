"""Step Functions: how moto reads definitions, fills the context object and names errors."""

from __future__ import annotations

import json
import pickle
import threading
import warnings
from collections import OrderedDict
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

import moto.stepfunctions.parser.asl.component.state.state as sfn_state
import moto.stepfunctions.parser.asl.eval.states as sfn_states
import moto.stepfunctions.parser.backend.execution_worker as sfn_worker
from moto.stepfunctions.parser.asl.antlr.runtime.ASLParser import ASLParser
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import (
    CustomErrorName,
)
from moto.stepfunctions.parser.asl.component.common.error_name.error_name import ErrorName
from moto.stepfunctions.parser.asl.parse.preprocessor import Preprocessor
from moto.stepfunctions.parser.backend.execution_worker import ExecutionWorker

_KEPT = 16

_Held = TypeVar("_Held")


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def fill_context() -> None:
    """Fill the context object as AWS does (developer guide, "Accessing execution data").

    moto omits `Execution.RedriveCount` and, except in Map and Parallel, `State.RetryCount`. It also
    writes times in two other formats.

    Upstream: upstream/context-object.md; time formats: localstack/localstack#10713, #9695.
    """
    state_data, execution_data = sfn_states.StateData, sfn_states.ExecutionData

    def state(**members: Any) -> Any:
        return state_data(**{"RetryCount": 0, **members, "EnteredTime": _iso(datetime.now(UTC))})

    def execution(**members: Any) -> Any:
        started = members["StartTime"]
        return execution_data(**members | {"StartTime": _iso(started), "RedriveCount": 0})

    sfn_state.StateData = state  # type: ignore[attr-defined, assignment]
    sfn_worker.ExecutionData = execution  # type: ignore[attr-defined, assignment]


def unescape_strings() -> None:
    r"""Read strings of a definition as JSON; moto leaves `\"` and `\n` unread in some of them.

    The affected strings are state names, literals in Assign, keys and JSON paths.
    Upstream: upstream/definition-escapes.md, the rest of localstack/localstack#12072 (fixed in moto by
    getmoto/moto#9142).
    """
    original = Preprocessor._inner_string_of

    def inner_string_of(parser_rule_context: Any) -> str | None:
        text = parser_rule_context.getText()
        if len(text) >= 2 and text.startswith('"') and text.endswith('"'):
            return str(json.loads(text))
        return original(parser_rule_context)

    Preprocessor._inner_string_of = staticmethod(inner_string_of)  # type: ignore[method-assign]


def let_states_errors_through() -> None:
    """Keep the name of a `States.…` error that leaves a Parallel branch or that a Fail state sets.

    moto stores both as custom error names, whose constructor rejects the prefix with a ValueError.
    A States.QueryEvaluationError inside a branch then cannot be caught: the execution fails with
    States.Runtime. Upstream: upstream/states-errors.md; branches: localstack/localstack#10489.
    """

    def accept(self: CustomErrorName, error_name: str | None) -> None:
        ErrorName.__init__(self, error_name=error_name)

    CustomErrorName.__init__ = accept  # type: ignore[method-assign]


def keep_syntax_trees() -> None:
    """Read the text of a definition once.

    moto parses it for each execution and each analysis, which was a fifth of the local AWS's CPU time in a lifecycle.
    Only the syntax tree is kept, which nobody changes. The states are made from it anew (`keep_programs`).
    Upstream: upstream/definition-parsing.md.
    """
    original = ASLParser.state_machine
    kept: _Newest[Any] = _Newest()

    def state_machine(self: Any) -> Any:
        text = str(self.getTokenStream().tokenSource.inputStream)
        if (tree := kept.get(text)) is not None:
            return tree
        tree = original(self)  # type: ignore[no-untyped-call]
        if self.getNumberOfSyntaxErrors() == 0:
            kept.put(text, tree)
        return tree

    ASLParser.state_machine = state_machine  # type: ignore[method-assign]


def keep_programs() -> None:
    """Make the states of a definition once, and give each execution a copy of its own.

    moto makes them from the syntax tree for each execution, which takes 0.13 s of CPU for the lifecycle's definition.
    They hold what is of one execution, so they are kept pickled, as they were before any execution.

    Warns:
        RuntimeWarning: States cannot be pickled. Each execution then makes them anew, as in moto.

    Upstream: upstream/definition-parsing.md.
    """
    original = ExecutionWorker._get_evaluation_entrypoint
    kept: _Newest[bytes] = _Newest()

    def entrypoint(self: ExecutionWorker) -> Any:
        text = self._evaluation_details.state_machine_details.definition
        if (pickled := kept.get(text)) is not None:
            return pickle.loads(pickled)  # noqa: S301 - from this process
        program = original(self)
        try:
            kept.put(text, pickle.dumps(program, pickle.HIGHEST_PROTOCOL))
        except (pickle.PicklingError, AttributeError, TypeError, RecursionError) as error:
            warnings.warn(f"a definition is read again each time: {error}", RuntimeWarning, 2)
        return program

    ExecutionWorker._get_evaluation_entrypoint = entrypoint  # type: ignore[method-assign]


class _Newest(Generic[_Held]):
    """What was made of the definitions that were used last, by their text. Threads may share it."""

    def __init__(self) -> None:
        self._held: OrderedDict[str, _Held] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, text: str) -> _Held | None:
        with self._lock:
            if text in self._held:
                self._held.move_to_end(text)
            return self._held.get(text)

    def put(self, text: str, made: _Held) -> None:
        with self._lock:
            self._held[text] = made
            while len(self._held) > _KEPT:
                self._held.popitem(last=False)
