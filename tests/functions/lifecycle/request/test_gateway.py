"""The input of an MCP gateway: what is taken, what is refused by name, and what the stack lets it reach."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from lifecycle.errors import InvalidRequestError
from lifecycle.request.gateway.section import Gateway
from lifecycle.request.model import parse_request
from lifecycle.request.reach.check import ReachSettings, checked

ARN = "arn:aws:lambda:us-west-2:123456789012:function:orders-get"
TOOL = {"name": "get", "description": "Gets one.", "inputSchema": {"type": "object"}}
LAMBDA = {"lambdaArn": ARN, "toolSchema": {"inline": [TOOL]}}
TEST = {"tool": "orders___get", "arguments": {"id": "1"}, "expect": "shipped"}
DOCUMENT: dict[str, Any] = {
    "openapi": "3.0.3",
    "servers": [{"url": "https://api.example.com/v1"}],
    "paths": {"/orders": {"get": {"operationId": "list"}}},
}


def gateway(*targets: dict[str, Any], test: Any = TEST) -> dict[str, Any]:
    return {"type": "mcp", "targets": list(targets), "test": test}


def orders(**kind: Any) -> dict[str, Any]:
    return {"name": "orders", **kind}


def said(request: dict[str, Any]) -> str:
    with pytest.raises(InvalidRequestError) as refused:
        parse_request(request)
    return str(refused.value)


def test_an_mcp_gateway_is_taken_with_its_defaults() -> None:
    asked = parse_request(
        {"gateway": gateway(orders(**{"lambda": LAMBDA}), test={"tool": "orders___get"})}
    )
    assert asked.gateway is not None
    assert asked.gateway.test is not None
    assert (asked.gateway.test.arguments, asked.gateway.test.expect) == ({}, r"\S")
    assert Gateway.model_validate(asked.gateway.to_json()) == asked.gateway


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"gateway": {"type": "mcp"}}, "gateway.targets: given nothing, allowed: required"),
    ({"gateway": gateway(orders(**{"lambda": LAMBDA}), test=None)}, "gateway.test: given nothing"),
    (
        {"gateway": {"type": "runtime", "targets": [orders(**{"lambda": LAMBDA})]}},
        "gateway.targets: given 1, allowed: only with gateway.type mcp",
    ),
    (
        {"gateway": gateway(orders(**{"lambda": LAMBDA})) | {"only": True}},
        "gateway.only: given true, allowed: true only with gateway.type runtime",
    ),
    (
        {
            "gateway": gateway(orders(**{"lambda": LAMBDA})),
            "promotion": {"strategy": "canary"},
        },
        "promotion.strategy: given 'canary', allowed: only with gateway.type runtime",
    ),
    (
        {"gateway": gateway(*[orders(**{"lambda": LAMBDA})] * 2)},
        "gateway.targets.1.name: given 'orders', allowed: each name once",
    ),
    ({"gateway": gateway(orders())}, "gateway.targets.0: given ['name'], allowed: exactly one of"),
    (
        {"gateway": gateway(orders(**{"lambda": LAMBDA, "runtime": True}))},
        "allowed: exactly one of lambda, openApi, mcpServer, runtime",
    ),
    (
        {"gateway": gateway({"name": "or___ders", "lambda": LAMBDA})},
        "gateway.targets.0.name: given 'or___ders'",
    ),
    (
        {"gateway": gateway(orders(**{"lambda": LAMBDA}), test={"tool": "other___get"})},
        "gateway.test.tool: given 'other___get', allowed: one of orders___<tool>",
    ),
    (
        {"gateway": gateway(orders(**{"lambda": LAMBDA}), test={**TEST, "expect": "("})},
        "gateway.test.expect: given '('",
    ),
    (
        {"gateway": gateway(orders(**{"lambda": {"lambdaArn": ARN, "toolSchema": {}}}))},
        "gateway.targets.0.lambda.toolSchema: given [], allowed: inline, or bucket and key",
    ),
    (
        {
            "gateway": gateway(
                orders(**{"lambda": {"lambdaArn": ARN, "toolSchema": {"inline": [{"name": "x"}]}}})
            )
        },
        "gateway.targets.0.lambda.toolSchema.inline.[0].description: given nothing, allowed: required",
    ),
    (
        {"gateway": gateway(orders(mcpServer={"endpoint": "http://x.example.com/mcp"}))},
        "gateway.targets.0.mcpServer.endpoint: given 'http://x.example.com/mcp'",
    ),
    (
        {"gateway": gateway(orders(**{"lambda": LAMBDA, "credential": "key"}))},
        "gateway.targets.0.credential: given 'key', allowed: only with openApi, mcpServer or runtime",
    ),
    (
        {"gateway": gateway(orders(openApi={"inline": "{}"}, credential="key"))},
        "gateway.targets.0.credential: given 'key', allowed: a name of credentials (none",
    ),
    (
        {"gateway": gateway(orders(openApi={"inline": "{}"}, scheme="Bearer"))},
        "gateway.targets.0.scheme: given 'Bearer', allowed: only with a credential of type apiKey",
    ),
    (
        {"gateway": gateway(orders(openApi={"inline": "{}"}, scheme="Bearer "))},
        "gateway.targets.0.scheme: given 'Bearer '",
    ),
    ({"gateway": gateway(orders(runtime=True))}, "only with runtime.protocol MCP"),
    (
        {"gateway": gateway(orders(runtime=True)), "runtime": {"protocol": "MCP"}},
        "gateway.targets.0.credential: given nothing, allowed: with auth.type cognito, a credential of type oauth2",
    ),
]


@pytest.mark.parametrize(("request_", "sentence"), WRONG, ids=[text for _, text in WRONG])
def test_what_is_wrong_is_named(request_: dict[str, Any], sentence: str) -> None:
    assert sentence in said(request_)


def test_arguments_are_not_repeated() -> None:
    text = said(
        {"gateway": gateway(orders(**{"lambda": LAMBDA}), test={**TEST, "arguments": "hidden"})}
    )
    assert "gateway.test.arguments: given a str (not shown)" in text


def test_a_large_schema_belongs_into_s3() -> None:
    large = {**TOOL, "description": "x" * 60_000}
    kind = {"lambdaArn": ARN, "toolSchema": {"inline": [large]}}
    assert "put schemas into S3" in said({"gateway": gateway(orders(**{"lambda": kind}))})


class Bucket:
    """An S3 that has one object."""

    def __init__(self, value: Any) -> None:
        self.body = json.dumps(value).encode()

    def get_object(self, **_: Any) -> dict[str, Any]:
        return {
            "Body": io.BytesIO(self.body),
            "ContentLength": len(self.body),
            "ETag": '"1"',
            "VersionId": "v1",
        }


def reach(target: dict[str, Any], s3: Any = None, **settings: Any) -> Gateway:
    section = Gateway.model_validate(gateway(target))
    stack = {
        "stack_name": "stack",
        "table_name": "environments",
        "gateway_functions": "arn:aws:lambda:us-west-2:123456789012:function:orders-*",
        "gateway_hosts": "api.example.com",
        "provider_networks": "public",
    } | settings
    return checked(section, ReachSettings.model_validate(stack), lambda: s3)


def refused(target: dict[str, Any], s3: Any = None, **settings: Any) -> str:
    with pytest.raises(InvalidRequestError) as error:
        reach(target, s3, **settings)
    return str(error.value)


def api(**changes: Any) -> dict[str, Any]:
    return orders(openApi={"inline": json.dumps(DOCUMENT | changes)})


def test_what_the_stack_allows_passes() -> None:
    assert reach(orders(**{"lambda": LAMBDA})).targets[0].function is not None
    assert reach(api()).targets[0].open_api is not None
    assert reach(orders(mcpServer={"endpoint": "https://api.example.com/mcp"})).targets


@pytest.mark.parametrize(
    ("target", "settings", "sentence"),
    [
        (
            orders(**{"lambda": LAMBDA}),
            {"gateway_functions": ""},
            f"gateway.targets.0.lambda.lambdaArn: given '{ARN}', allowed: none (the parameter is empty)",
        ),
        (
            orders(**{"lambda": LAMBDA}),
            {"gateway_functions": "arn:aws:lambda:us-west-2:123456789012:function:billing"},
            "add it to the stack's parameter GatewayFunctions",
        ),
        (
            orders(
                **{"lambda": LAMBDA | {"lambdaArn": ARN.replace("orders-get", "stack-Delete-1")}}
            ),
            {"gateway_functions": "arn:aws:lambda:*"},
            "allowed: a function whose name does not begin with stack-",
        ),
        (
            orders(
                **{
                    "lambda": LAMBDA
                    | {"lambdaArn": ARN.replace("orders-get", "a-long-name-of-a-sta-D")}
                }
            ),
            {
                "gateway_functions": "arn:aws:lambda:*",
                "stack_name": "a-long-name-of-a-stack-of-ours",
            },
            "allowed: a function whose name does not begin with a-long-name-of-a-sta,",
        ),
        (
            orders(mcpServer={"endpoint": "https://evil.example.com/mcp"}),
            {},
            "to allow evil.example.com, add it to the stack's parameter GatewayHosts",
        ),
        (
            orders(mcpServer={"endpoint": "https://api.example.com:8443/mcp"}),
            {},
            "no port other than 443",
        ),
        (
            orders(mcpServer={"endpoint": "https://user@api.example.com/mcp"}),
            {},
            "a URL that begins with https://",
        ),
        (api(servers=[]), {}, "openApi: given no servers"),
        (
            api(servers=[{"url": "/v1"}]),
            {},
            "openApi: given '/v1', allowed: a URL that begins with",
        ),
        (api(servers=[{"url": "https://{h}.example.com"}]), {}, "a URL without variables"),
        (
            api(paths={"/a": {"servers": [{"url": "https://evil.example.com"}]}}),
            {},
            "openApi: given 0 operations with an operationId",
        ),
        (
            api(
                paths={
                    "/a": {
                        "get": {
                            "operationId": "a",
                            "servers": [{"url": "https://evil.example.com"}],
                        }
                    }
                }
            ),
            {},
            "to allow evil.example.com",
        ),
        (
            api(components={"x": {"$ref": "https://evil.example.com/x.json"}}),
            {},
            "references that begin with #",
        ),
        (orders(openApi={"inline": "openapi: 3.0.0"}), {}, "openApi: given what is no JSON"),
    ],
)
def test_what_the_stack_does_not_allow_is_named(
    target: dict[str, Any], settings: dict[str, Any], sentence: str
) -> None:
    assert sentence in refused(target, **settings)


def test_a_document_in_s3_is_pinned_to_what_was_read() -> None:
    place = {"bucket": "schemas", "key": "orders.json"}
    found = reach(orders(openApi=place), Bucket(DOCUMENT)).targets[0].open_api
    assert found is not None
    assert found.version_id == "v1"
    kind = {"lambdaArn": ARN, "toolSchema": place}
    assert reach(orders(**{"lambda": kind}), Bucket([TOOL])).targets[0].function is not None


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ({}, "lambda.toolSchema: given what is no JSON list"),
        ([], "lambda.toolSchema: given no tool"),
        ([{"name": "x"}], "lambda.toolSchema: [0].description"),
    ],
)
def test_what_s3_has_is_checked_the_same(value: Any, sentence: str) -> None:
    kind = {"lambdaArn": ARN, "toolSchema": {"bucket": "schemas", "key": "a"}}
    assert sentence in refused(orders(**{"lambda": kind}), Bucket(value))
