"""Answers of the control plane about gateways and targets, made from its records."""

from __future__ import annotations

from typing import Any

from local.agentcore.control.gateways.records import (
    HTTP_RUNTIME,
    MCP_LAMBDA,
    MCP_OPENAPI,
    MCP_SERVER,
    Gateway,
    Rule,
    Target,
)
from local.agentcore.control.views import moment, without_none

_TYPES = {
    HTTP_RUNTIME: "AGENTCORE_RUNTIME",
    MCP_LAMBDA: "LAMBDA",
    MCP_OPENAPI: "OPEN_API_SCHEMA",
    MCP_SERVER: "MCP_SERVER",
}


def gateway_detail(gateway: Gateway) -> dict[str, Any]:
    """Return GetGateway's answer; CreateGateway's and UpdateGateway's are the same."""
    return {
        **gateway.members,
        **_state(gateway),
        "gatewayArn": gateway.arn,
        "gatewayId": gateway.id,
        "gatewayUrl": gateway.url,
        "name": gateway.name,
        "createdAt": moment(gateway.created_at),
        "updatedAt": moment(gateway.updated_at),
        "workloadIdentityDetails": {"workloadIdentityArn": gateway.workload_identity_arn},
    }


def gateway_summary(gateway: Gateway) -> dict[str, Any]:
    """Return one entry of ListGateways."""
    detail = gateway_detail(gateway)
    names = (
        *("gatewayId", "name", "status", "description", "createdAt", "updatedAt"),
        *("authorizerType", "protocolType"),
    )
    return {name: detail[name] for name in names if name in detail}


def gateway_deleted(gateway: Gateway) -> dict[str, Any]:
    """Return DeleteGateway's answer."""
    return {"gatewayId": gateway.id, **_state(gateway)}


def target_detail(gateway: Gateway, target: Target) -> dict[str, Any]:
    """Return GetGatewayTarget's answer; CreateGatewayTarget's and UpdateGatewayTarget's are the same."""
    return {
        # The model requires the list; users report it empty for a target without credentials.
        "credentialProviderConfigurations": [],
        **target.members,
        **_synchronized(target),
        **target_deleted(gateway, target),
        "name": target.name,
        "createdAt": moment(target.created_at),
        "updatedAt": moment(target.updated_at),
        "protocolType": "HTTP" if target.kind == HTTP_RUNTIME else "MCP",
    }


def target_summary(target: Target) -> dict[str, Any]:
    """Return one entry of ListGatewayTargets."""
    return without_none(
        {
            "targetId": target.id,
            "name": target.name,
            "status": target.status,
            "description": target.members.get("description"),
            "createdAt": moment(target.created_at),
            "updatedAt": moment(target.updated_at),
            "targetType": _TYPES[target.kind],
            "listingMode": _listing(target),
            **_synchronized(target),
        }
    )


def target_deleted(gateway: Gateway, target: Target) -> dict[str, Any]:
    """Return DeleteGatewayTarget's answer."""
    return {"gatewayArn": gateway.arn, "targetId": target.id, **_state(target)}


def rule_detail(gateway: Gateway, rule: Rule) -> dict[str, Any]:
    """Return GetGatewayRule's answer, which is also an entry of ListGatewayRules."""
    return {
        **rule.members,
        "ruleId": rule.id,
        "gatewayArn": gateway.arn,
        "createdAt": moment(rule.created_at),
        "updatedAt": moment(rule.updated_at),
        "status": rule.status,
    }


def rule_changed(gateway: Gateway, rule: Rule) -> dict[str, Any]:
    """Return CreateGatewayRule's answer."""
    detail = rule_detail(gateway, rule)
    del detail["updatedAt"]
    return detail


def _listing(target: Target) -> str | None:
    if target.kind != MCP_SERVER:
        return None
    return "DYNAMIC" if target.dynamic else "DEFAULT"


def _synchronized(target: Target) -> dict[str, Any]:
    moment_of = target.synchronized_at
    return {} if moment_of is None else {"lastSynchronizedAt": moment(moment_of)}


def _state(record: Gateway | Target) -> dict[str, Any]:
    reasons = [record.failure_reason] if record.failure_reason else None
    return without_none({"status": record.status, "statusReasons": reasons})
