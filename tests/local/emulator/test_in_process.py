"""A client without a socket asks and hears the same as one with a socket."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterable, Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError
from werkzeug.wrappers import Request, Response

from local.edge.server import Server
from local.emulator.in_process import send_to

_SEEN = (
    "REQUEST_METHOD",
    "PATH_INFO",
    "QUERY_STRING",
    "RAW_URI",
    "REQUEST_URI",
    "HTTP_HOST",
    "CONTENT_TYPE",
    "HTTP_X_AMZ_TARGET",
    "HTTP_X_AMZ_META_SIZE",
)


class Echo:
    """Answers with a body of its own and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.answer = Response(b"{}")
        self.cuts = 0

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        request = Request(environ)
        self.asked.append(
            {name: environ.get(name) for name in _SEEN} | {"body": request.get_data().decode()}
        )
        if self.cuts:
            self.cuts -= 1
            # As the gateway cuts a connection.
            if connection := environ.get("werkzeug.socket"):
                connection.shutdown(socket.SHUT_RDWR)
            raise ConnectionError("cut")
        return self.answer(environ, start_response)


@pytest.fixture
def echo() -> Echo:
    return Echo()


@pytest.fixture
def address(echo: Echo) -> Iterator[str]:
    server = Server(echo)
    server.start()
    yield f"http://localhost:{server.port}"
    server.stop()


def client(service: str, address: str, attempts: int = 1) -> Any:
    return boto3.client(
        service,
        endpoint_url=address,
        region_name="us-east-1",
        aws_access_key_id="key",
        aws_secret_access_key="secret",
        config=Config(
            retries={"mode": "standard", "total_max_attempts": attempts},
            s3={"addressing_style": "path"},
        ),
    )


@pytest.mark.parametrize(
    ("service", "operation", "arguments"),
    [
        ("dynamodb", "list_tables", {"Limit": 3}),
        ("iam", "delete_role", {"RoleName": "a role+"}),
        (
            "s3",
            "put_object",
            {"Bucket": "b", "Key": "a b/ü+%/c", "Body": b"text", "Metadata": {"size": "4"}},
        ),
        ("s3", "list_objects_v2", {"Bucket": "b", "Prefix": "a/ +&=", "Delimiter": "/"}),
        ("lambda", "list_functions", {"MaxItems": 2}),
    ],
)
def test_the_application_is_asked_the_same(
    echo: Echo, address: str, service: str, operation: str, arguments: dict[str, Any]
) -> None:
    xml = (
        b'<?xml version="1.0"?><R><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></R>'
    )
    echo.answer = Response(b"{}" if service in ("dynamodb", "lambda") else xml)

    getattr(client(service, address), operation)(**arguments)
    getattr(send_to(echo, client(service, address)), operation)(**arguments)

    by_network, in_process = echo.asked
    assert in_process == by_network


def test_an_error_is_the_same(echo: Echo, address: str) -> None:
    echo.answer = Response(
        json.dumps({"__type": "ResourceInUseException", "message": "taken"}), status=400
    )
    errors = []
    for made in (client("dynamodb", address), send_to(echo, client("dynamodb", address))):
        with pytest.raises(ClientError) as caught:
            made.list_tables()
        errors.append((str(caught.value), caught.value.response["Error"]))

    assert errors[0] == errors[1]


def test_a_connection_that_is_cut_is_the_same_and_tried_again(echo: Echo, address: str) -> None:
    for made in (client("dynamodb", address), send_to(echo, client("dynamodb", address))):
        echo.cuts = 1
        with pytest.raises(ConnectionClosedError, match="before we received a valid response"):
            made.list_tables()
    echo.cuts, echo.asked = 1, []
    send_to(echo, client("dynamodb", address, attempts=2)).list_tables()
    assert len(echo.asked) == 2


def test_a_body_can_be_read_in_pieces(echo: Echo) -> None:
    echo.answer = Response(b"0123456789" * 100, headers={"x-amz-meta-size": "1000"})

    made = send_to(echo, client("s3", "http://localhost:1")).get_object(Bucket="b", Key="k")

    assert made["Metadata"] == {"size": "1000"}
    assert b"".join(made["Body"].iter_chunks(64)) == b"0123456789" * 100
