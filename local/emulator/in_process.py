"""Sends the requests of a boto3 client to the endpoint without a socket.

The application that serves the endpoint answers in the caller's thread, so access keys, policies, faults and the call
log work as for any other client. A deployment makes two hundred calls one after the other, and this halves their time.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ConnectionClosedError
from werkzeug.test import EnvironBuilder, run_wsgi_app

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


def send_to(app: WSGIApplication, client: Any) -> Any:
    """Return the client, which from now on asks an application and not the network."""

    def send(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        try:
            return _answer(app, request)
        except ConnectionError as error:
            # What botocore makes of a connection that is closed without an answer, and retries.
            raise ConnectionClosedError(endpoint_url=request.url, error=error) from error

    client.meta.events.register_first("before-send", send)
    return client


def _answer(app: WSGIApplication, request: AWSPreparedRequest) -> AWSResponse:
    url = urlsplit(request.url)
    builder = EnvironBuilder(
        path=url.path or "/",
        base_url=f"{url.scheme}://{url.netloc}",
        query_string=url.query,
        method=request.method,
        headers={name: _text(value) for name, value in request.headers.items()},
        input_stream=io.BytesIO(_body(request.body)),
    )
    environ = builder.get_environ()
    # The path as it was signed, which the builder has decoded and encoded again.
    environ["RAW_URI"] = environ["REQUEST_URI"] = request.url.partition(url.netloc)[2]
    chunks, status, headers = run_wsgi_app(app, environ, buffered=True)
    content = b"".join(chunks)
    return AWSResponse(request.url, int(status.split()[0]), dict(headers), _Raw(content))


class _Raw(io.BytesIO):
    """What botocore reads a body from: it needs the pieces of urllib3's response."""

    def stream(self, size: int = 1 << 16, **_: Any) -> Any:
        """Yield the body in pieces."""
        while piece := self.read(size):
            yield piece


def _body(body: Any) -> bytes:
    if body is None:
        return b""
    if isinstance(body, str):
        return body.encode()
    return bytes(body) if isinstance(body, bytes | bytearray) else bytes(body.read())


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
