"""The body of an HTTP answer that a `before-send` handler gives to botocore."""

from __future__ import annotations

import io
from collections.abc import Iterator


class RawBody(io.BytesIO):
    """Bytes with the `stream` method that botocore's AWSResponse reads its content with."""

    def stream(self, amt: int = 1024, decode_content: bool | None = None) -> Iterator[bytes]:
        while chunk := self.read(amt):
            yield chunk
