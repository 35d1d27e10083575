"""Installs the seams: the places where this package changes or reads moto's private parts.

Each seam is a function that says in its docstring what moto does instead, and after `Upstream:` the
issue or pull request for it, or the report in `upstream/` that is still to be filed. Each has a canary
in `tests/local/moto/canaries/`, which fails when moto no longer needs the seam.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from moto.core.config import default_user_config
from moto.moto_api._internal.models import moto_api_backend

from local.moto import cognito, deliveries, dispatch, dynamodb, events, logs, s3, tagging, xray
from local.moto.stepfunctions import (
    announcements,
    definition_lexer,
    executions,
    expressions,
    interpreter,
    map_errors,
    map_fields,
    map_results,
    map_runs,
    nested,
    tasks,
)

SEAMS: tuple[Callable[[], None], ...] = (
    dispatch.keep_model_folders,
    dispatch.keep_module_names,
    dispatch.keep_operation_names,
    expressions.evaluate_jsonata,
    interpreter.fill_context,
    interpreter.unescape_strings,
    interpreter.let_states_errors_through,
    interpreter.keep_syntax_trees,
    interpreter.keep_programs,
    definition_lexer.read_tokens_at_once,
    tasks.name_lambda_faults,
    tasks.spell_parameters,
    tasks.share_clients,
    executions.start_executions,
    executions.begin_executions,
    executions.keep_stop_reasons,
    announcements.announce_executions,
    executions.quote_text_outputs,
    executions.page_histories,
    map_fields.read_map_fields,
    map_runs.run_items_as_executions,
    map_results.write_map_results,
    map_errors.name_map_errors,
    nested.stop_nested_executions,
    s3.skip_conditional_denials,
    dynamodb.write_plain_values,
    dynamodb.keep_update_expressions,
    events.route_events,
    logs.interleave_events,
    logs.match_json_patterns,
    cognito.limit_tokens,
    cognito.enforce_flows,
    cognito.update_resource_servers,
    cognito.tag_user_pools,
    cognito.keep_signing_key,
    tagging.find_more_tagged,
    xray.choose_span_destination,
    deliveries.deliver_agentcore,
)

_installed = threading.Lock()


def install() -> None:
    """Install every seam for the rest of the process; further calls do nothing."""
    if not _installed.acquire(blocking=False):
        return
    default_user_config["stepfunctions"]["execute_state_machine"] = True
    for seam in SEAMS:
        seam()


def reset() -> None:
    """Empty every moto backend, so that a new local AWS starts with an empty account."""
    moto_api_backend.reset()
