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
        (api(servers=[]), {}, "openApi: servers: given no servers"),
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
            api(components={"schemas": {"$ref": "https://evil.example.com/x.json"}}),
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


def with_paths(path: str = "/orders", item: Any = None, **operation: Any) -> dict[str, Any]:
    """A document with one more path, or with more in an operation."""
    get = {"operationId": "list", **operation}
    return {"paths": {"/first": {"get": {"operationId": "first"}}, path: item or {"get": get}}}


EVIL = {"url": "https://evil.example.net"}
AWAY: list[tuple[dict[str, Any], str]] = [
    *(
        (with_paths(path), "paths: given")
        for path in (
            *("@evil.net/x", ".evil.net/x", ":8443/x", "{rest}", "//evil.net/x", "/\\evil.net/x"),
            *("", "orders", "https://evil.net/x", "/a b", "/a\n", "/a?b=c", "/a#b"),
        )
    ),
    ({"servers": {"$ref": "#/components/x-s"}}, "servers: given no servers"),
    ({"servers": EVIL}, "servers: given no servers"),
    ({"servers": [[EVIL]]}, "servers.0: given no object"),
    ({"servers": [{"url": "https://api.example.com", "variables": {}}]}, "without variables"),
    ({"servers": [{"$ref": "#/components/x-s"}]}, "servers.0: given the member '$ref'"),
    (with_paths(item={"servers": EVIL, "get": {}}), "paths./orders.servers: given no servers"),
    (with_paths(item={"servers": [], "get": {}}), "paths./orders.servers: given no servers"),
    (with_paths(item={"servers": [EVIL], "get": {}}), "to allow evil.example.net"),
    (with_paths(servers={"$ref": "#/components/x-s"}), "paths./orders.get.servers: given no"),
    (with_paths(servers=[EVIL]), "to allow evil.example.net"),
    (with_paths(item={"$ref": "https://evil.net/a.json"}), "paths./orders: given the reference"),
    (with_paths(item={"$ref": "#/components/x-items/a"}), "references to #/components/pathItems/"),
    (with_paths(item={"$ref": 1}), "references to #/components/pathItems/"),
    (with_paths(item={"additionalOperations": {"QUERY": {}}}), "given the member"),
    (
        {"components": {"pathItems": {"a": {"get": {"servers": [EVIL]}}}}},
        "to allow evil.example.net",
    ),
    (with_paths(callbacks={"a": {"{$request.body#/u}": {}}}), "a document without callbacks"),
    ({"components": {"callbacks": {"a": {}}}}, "a document without callbacks"),
    ({"webhooks": {"a": {"post": {"servers": [EVIL]}}}}, "a document without webhooks"),
    (
        with_paths(responses={"200": {"links": {"a": {"operationRef": "https://evil.net/"}}}}),
        "a document without operationRef",
    ),
    (
        with_paths(responses={"200": {"links": {"a": {"operationId": "list", "server": EVIL}}}}),
        "to allow evil.example.net",
    ),
    ({"components": {"links": {"a": {"server": EVIL}}}}, "to allow evil.example.net"),
    ({"components": {"schemas": {"a": {"$ref": "b.json"}}}}, "references that begin with #"),
    ({"components": {"schemas": {"a": {"$ref": ["b"]}}}}, "references that begin with #"),
    ({"components": {"schemas": {"a": {"$ref": "#/x-hidden/a"}}}}, "references that begin with #"),
    (
        with_paths(responses={"200": {"$ref": "#/components/examples/a/value"}}),
        "references that begin with #",
    ),
    ({"components": {"schemas": {"a": {"$dynamicRef": "https://evil.net/"}}}}, "references that"),
    ({"components": {"schemas": {"a": {"$id": "https://evil.net/"}}}}, "a document without $id"),
    ({"components": {"schemas": {"a": {"$schema": "https://evil.net/"}}}}, "as $schema https://"),
    ({"jsonSchemaDialect": "https://evil.net/"}, "as jsonSchemaDialect https://"),
    (
        {"components": {"schemas": {"a": {"discriminator": {"mapping": {"b": "https://e.net/"}}}}}},
        "names of #/components/schemas/",
    ),
    (
        {"components": {"examples": {"a": {"externalValue": "https://evil.net/"}}}},
        "a document without externalValue",
    ),
    (
        with_paths(parameters=[{"in": "header", "name": "HOST", "schema": {"type": "string"}}]),
        "no parameter that names the host",
    ),
    (
        with_paths(item={"get": {"operationId": "a", "x-amazon-apigateway-integration": {}}}),
        "paths./orders.get: given the member",
    ),
    ({"host": "evil.net"}, "given the member 'host'"),
    ({"openapi": "3.10.0"}, "an object with openapi 3.0 or 3.1"),
    ({"paths": [{"get": {"operationId": "a"}}]}, "openApi: given 0 operations"),
    (with_paths(item=["get"]), "paths./orders: given no object"),
    (with_paths(item={"get": ["a"]}), "paths./orders.get: given no object"),
]


@pytest.mark.parametrize(("changes", "sentence"), AWAY, ids=[str(each[0])[:90] for each in AWAY])
def test_a_document_that_could_lead_to_another_host_is_refused(
    changes: dict[str, Any], sentence: str
) -> None:
    assert sentence in refused(api(**changes))


def test_what_stays_on_the_allowed_hosts_passes() -> None:
    schema = {
        "type": "object",
        # Properties may have any name.
        "properties": {
            **{key: {"type": "string"} for key in ("$ref", "$id", "links", "callbacks", "mapping")},
            **{
                key: {"$ref": "#/components/schemas/b"} for key in ("servers", "server", "webhooks")
            },
            "discriminator": {"type": "object", "properties": {"mapping": {"type": "object"}}},
        },
        "discriminator": {"propertyName": "kind", "mapping": {"b": "#/components/schemas/b"}},
    }
    own = {"url": "https://api.example.com/v2", "description": "Ours.", "x-kind": "test"}
    document = {
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://spec.openapis.org/oas/3.1/dialect/base",
        "info": {"title": "Orders", "contact": {"url": "https://elsewhere.example.net"}},
        "components": {
            "schemas": {"a": schema, "b": {"$ref": "#/components/schemas/a/properties/links"}},
            "securitySchemes": {"a": {"type": "openIdConnect", "openIdConnectUrl": "https://id"}},
            "pathItems": {"one": {"get": {"operationId": "one", "servers": [own]}}},
        },
        "paths": {
            "x-note": "none",
            "/one": {"$ref": "#/components/pathItems/one"},
            "/orders/{id}": {
                "servers": [own],
                "parameters": [{"in": "path", "name": "host", "schema": {"type": "string"}}],
                "get": {
                    "operationId": "get",
                    "responses": {"200": {"links": {"a": {"operationId": "one"}}}},
                },
            },
        },
    }
    assert reach(api(**document)).targets[0].open_api is not None


SECRET = "hunter2-in-the-object"


@pytest.mark.parametrize(
    ("kind", "value", "sentence"),
    [
        ("toolSchema", [{"name": SECRET}], "[0].description: given what is not shown, allowed: "),
        ("toolSchema", [{"name": {SECRET: SECRET}, "description": "x"}], "given what is not"),
        ("toolSchema", {"password": SECRET}, "given what is no JSON list"),
        ("openApi", {"openapi": SECRET}, "given no OpenAPI document"),
        (
            "openApi",
            DOCUMENT | {"servers": [{"url": f"https://{SECRET}/"}]},
            "servers.0.url: given",
        ),
        ("openApi", DOCUMENT | {"servers": [{"url": f"http://{SECRET}/"}]}, "servers.0.url: given"),
        ("openApi", DOCUMENT | {SECRET: 1}, "given another member, allowed: "),
        ("openApi", DOCUMENT | with_paths(SECRET), "paths: given what is not shown"),
        ("openApi", DOCUMENT | {"components": {"schemas": {"a": {"$ref": SECRET}}}}, "not shown"),
    ],
)
def test_nothing_of_an_object_in_s3_is_shown(kind: str, value: Any, sentence: str) -> None:
    place = {"bucket": "schemas", "key": "a"}
    target = (
        orders(openApi=place)
        if kind == "openApi"
        else orders(**{"lambda": {"lambdaArn": ARN, "toolSchema": place}})
    )
    text = refused(target, Bucket(value))
    assert sentence in text
    assert SECRET not in text


UNSENDABLE = [
    (r'"\ud800"', "given half a surrogate pair"),
    ("NaN", "given a number that JSON has not"),
    ("Infinity", "given a number that JSON has not"),
    ("1e999", "given a number that JSON has not"),
]


@pytest.mark.parametrize(("value", "sentence"), UNSENDABLE)
def test_a_document_that_cannot_be_sent_is_refused(value: str, sentence: str) -> None:
    text = json.dumps(DOCUMENT)[:-1] + f', "x-a": {value}}}'
    assert f"openApi: {sentence}" in refused(orders(openApi={"inline": text}))


def test_tools_that_cannot_be_sent_are_refused() -> None:
    half = {**TOOL, "description": "\ud800"}
    kind = {"lambdaArn": ARN, "toolSchema": {"inline": [half]}}
    assert "UTF-8 can carry" in said({"gateway": gateway(orders(**{"lambda": kind}))})
    kind = {"lambdaArn": ARN, "toolSchema": {"bucket": "schemas", "key": "a"}}
    text = refused(orders(**{"lambda": kind}), Bucket([half]))
    assert "[0].description: given what is not shown, allowed: a string that UTF-8 can" in text


@pytest.mark.parametrize(
    "arguments", [{"a": 1e-200}, {"a": 10**39}, {"": 1}, {"a": [{"b": "\ud800"}]}, {"a": 1e999}]
)
def test_arguments_that_the_record_cannot_hold_are_refused(arguments: dict[str, Any]) -> None:
    text = said(
        {"gateway": gateway(orders(**{"lambda": LAMBDA}), test={**TEST, "arguments": arguments})}
    )
    assert "gateway.test.arguments: given" in text
    assert "allowed: a JSON object whose names have 1 to 1000 characters" in text


def test_scopes_that_a_target_inherits_are_as_short_as_its_own() -> None:
    credential = {
        "name": "crm",
        "type": "oauth2",
        "secretArn": "arn:aws:secretsmanager:us-west-2:123456789012:secret:crm-AbCdEf",
        "discoveryUrl": "https://id.example.com/.well-known/openid-configuration",
        "clientId": "client",
        "scopes": ["https://crm.example.com/" + "a" * 60],
    }
    server = orders(mcpServer={"endpoint": "https://api.example.com/mcp"}, credential="crm")
    asked = {"credentials": [credential], "gateway": gateway(server)}
    assert (
        "gateway.targets.0.credential: given 'crm', allowed: a credential whose scopes have at most 64 characters"
        in said(asked)
    )
    own = {**asked, "gateway": gateway({**server, "scopes": ["read"]})}
    assert parse_request(own).gateway is not None
