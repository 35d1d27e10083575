"""Says why there is no answer, and what to do next."""

from __future__ import annotations

import time
from http import HTTPStatus

from cli.asking.clients import CallerClients
from cli.asking.connection import reason_of
from cli.asking.subject import Asked
from cli.asking.talk import Reply
from cli.invocation import hint
from cli.target.denied import DeniedError, denied
from cli.target.deployed import Deployed
from lifecycle.agent_log.last_error import AgentLog
from lifecycle.smoke_test.patience import Patience

# Lines of an agent come some seconds late.
_LOG_SECONDS = 10.0
# IAM's words for a denial. A gateway that a runtime answers alone calls it with a role of its own.
_DENIED = "not authorized to perform: bedrock-agentcore:"
_THE_CALLERS = f"{_DENIED}InvokeGateway"
_LATER = (
    HTTPStatus.CONFLICT,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.SERVICE_UNAVAILABLE,
)


def explain(
    deployed: Deployed, asked: Asked, clients: CallerClients, reply: Reply, began: float
) -> str:
    """Say why a question has no answer.

    Args:
        deployed: The stack.
        asked: The endpoint.
        clients: CloudWatch Logs, for what the agent wrote.
        reply: How the question ended.
        began: When it was asked, in seconds since the epoch.

    Returns:
        The reason and what to do; a line that begins with blanks is a command.
    """
    status, what = reply.answer.status, f"{asked.environment}, endpoint {asked.endpoint}"
    said = " ".join((reason_of(reply.answer) or reply.text).split())
    if status == HTTPStatus.OK:
        return f"{what}: no answer: {reply.problem}\n{_more(deployed, asked)}"
    if status == HTTPStatus.FAILED_DEPENDENCY:
        log = _log(asked, clients, began)
        return f"{what}: the agent failed (424): {said}; {log}\n{_more(deployed, asked)}"
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return _refused(deployed, asked, reply)
    if status == HTTPStatus.NOT_FOUND:
        return (
            f"{what}: AgentCore does not find it ({reply.answer}): {said}; endpoints that the lifecycle makes are "
            "live, DEFAULT and, during a rollback, candidate"
        )
    if status in _LATER:
        return f"{what}: {reply.answer}: {said}; ask again in a moment"
    if status is None or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return f"{what}: {reply.answer}: {said or 'no body'}\n{_more(deployed, asked)}"
    return f"{what}: AgentCore does not accept the call: {reply.answer}: {said}"


def _refused(deployed: Deployed, asked: Asked, reply: Reply) -> str:
    reason = reason_of(reply.answer)
    again = hint("run", deployed.options, "--environment", asked.environment, "--input FILE")
    what = f"{asked.environment}, endpoint {asked.endpoint}"
    if asked.identity.type == "iam":
        if asked.gateway_address is None or _THE_CALLERS in reason:
            return str(denied(reason, "bedrock-agentcore:InvokeAgentRuntime"))
        repair = (
            "a provision repairs the gateway, its role and the runtime's resource policy, with the input of the last "
            f"one:\n  {again}"
        )
        if _DENIED in reason:
            return (
                f"{what}: AWS denies what the gateway does at the runtime, for which you need no permission "
                f"({reply.answer}): {reason}; {repair}"
            )
        return (
            f"{what}: the gateway refuses the call, or may not call the runtime ({reply.answer}): {reason}; allow "
            f"bedrock-agentcore:InvokeGateway to your credentials; if they have it, {repair}"
        )
    return (
        f"{what}: AgentCore refuses the environment's own token "
        f"({reply.answer}): {reason}; somebody may have changed the runtime's authorizer; a provision repairs it, with "
        f"the input of the last one:\n  {again}"
    )


def _log(asked: Asked, clients: CallerClients, began: float) -> str:
    log = AgentLog(clients.quick_logs, asked.runtime_id, asked.endpoint)
    patience = Patience(_LOG_SECONDS)
    try:
        return log.explain(min(began, time.time()), patience.wait, lambda line: line)
    except DeniedError as error:
        return f"its log group {log.group} cannot be read: {error}"


def _more(deployed: Deployed, asked: Asked) -> str:
    return f"More of its log:\n  {hint(f'logs {asked.environment}', deployed.options, '--agent')}"
