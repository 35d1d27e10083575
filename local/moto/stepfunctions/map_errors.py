"""Step Functions: the names of the errors of a map run."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from moto.stepfunctions.parser.api import (
    HistoryEventType,
    MapRunFailedEventDetails,
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
from moto.stepfunctions.parser.asl.component.state.exec.state_map.item_reader.item_reader_decl import (
    ItemReader,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.result_writer.result_writer_decl import (
    ResultWriter,
)
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails


def name_map_errors() -> None:
    """Report a read or write that fails as `States.ItemReaderFailed` or `States.ResultWriterFailed`.

    moto fails the state with States.Runtime, which no Catch can match. The names come from the
    developer guide, "Handling errors in Step Functions workflows".
    Upstream: upstream/map-run-errors.md.
    """
    for part, kind in (
        (ItemReader, StatesErrorNameType.StatesItemReaderFailed),
        (ResultWriter, StatesErrorNameType.StatesResultWriterFailed),
    ):
        part._eval_body = _named(part._eval_body, kind)  # type: ignore[method-assign]


def _named(original: Callable[..., None], kind: StatesErrorNameType) -> Callable[..., None]:
    @wraps(original)
    def _eval_body(self: Any, env: Any) -> None:
        try:
            original(self, env)
        except (BotoCoreError, ClientError, ValueError) as error:
            raise failure(env, kind, str(error)) from error

    return _eval_body


def failure(env: Any, kind: StatesErrorNameType, cause: str) -> FailureEventException:
    """Return the error of a map run that ends it."""
    name = StatesErrorName(typ=kind)
    details = MapRunFailedEventDetails(error=name.error_name, cause=cause)
    return FailureEventException(
        FailureEvent(
            env=env,
            error_name=name,
            event_type=HistoryEventType.MapRunFailed,
            event_details=EventDetails(mapRunFailedEventDetails=details),  # type: ignore[typeddict-item]
        )
    )
