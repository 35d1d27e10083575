"""Reads and writes CodeBuild's two protocols: JSON 1.1, and RPC v2 CBOR, which newer botocores prefer."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Container, Mapping
from datetime import datetime
from typing import Any

from botocore.serialize import CBORSerializer
from botocore.validate import ParamValidator
from werkzeug import Request, Response

from local.edge import cbor
from local.edge.service_models import reading_session

_TARGET = re.compile(r"CodeBuild_20161006\.(\w+)")
_RPC_PATH = re.compile(r"/service/CodeBuild_20161006/operation/(\w+)")


class ServiceError(Exception):
    """An error that the service answers.

    Attributes:
        code: Such as `ResourceNotFoundException`.
        message: What is wrong.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


class Protocol:
    """Both protocols, by botocore's model of CodeBuild."""

    def __init__(self) -> None:
        self._model = reading_session().get_service_model("codebuild")
        self._validator = ParamValidator()

    def read(self, request: Request, served: Container[str]) -> tuple[str, dict[str, Any]]:
        """Read a request.

        Args:
            request: The request.
            served: Names of the operations that there are here.

        Returns:
            The operation's name and its valid parameters.

        Raises:
            ServiceError: Not an operation of CodeBuild, or not valid by botocore's model.
        """
        named = _RPC_PATH.fullmatch(request.path) or _TARGET.fullmatch(
            request.headers.get("X-Amz-Target", "")
        )
        if named is None or named[1] not in served:
            raise ServiceError("UnknownOperationException", "There is no such operation here.")
        body = request.get_data()
        try:
            read = cbor.cbor_value(body) if cbor.is_cbor(request) else json.loads(body or b"{}")
        except ValueError:
            raise ServiceError("SerializationException", "The body cannot be read.") from None
        shape = self._model.operation_model(named[1]).input_shape
        report = self._validator.validate(read, shape)
        if report.has_errors():
            raise ServiceError("InvalidInputException", report.generate_report())
        return named[1], read

    def write(self, request: Request, operation: str, answer: Mapping[str, Any]) -> Response:
        """Write an answer in the protocol of its request.

        Args:
            request: The request.
            operation: The operation's name.
            answer: What the model's output shape asks for; times are `datetime`.
        """
        if not cbor.is_cbor(request):
            return _json(200, json.dumps(answer, default=_seconds), _request_id())
        shape = self._model.operation_model(operation).output_shape
        written = bytearray()
        # Only the serializer of requests is public, and it writes any shape.
        CBORSerializer()._serialize_data_item(written, answer, shape)
        return cbor.response(200, bytes(written), _request_id())

    def write_error(self, request: Request, error: ServiceError) -> Response:
        """Write an error in the protocol of its request, with status 400."""
        said = {"__type": error.code, "message": error.message}
        headers = {"x-amzn-ErrorType": error.code, **_request_id()}
        if cbor.is_cbor(request):
            return cbor.response(400, cbor.text_map(said), headers)
        return _json(400, json.dumps(said), headers)


def _request_id() -> dict[str, str]:
    return {"x-amzn-RequestId": str(uuid.uuid4())}


def _seconds(value: Any) -> float:
    if isinstance(value, datetime):
        return value.timestamp()
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def _json(status: int, body: str, headers: Mapping[str, str]) -> Response:
    return Response(body, status, headers, content_type="application/x-amz-json-1.1")
