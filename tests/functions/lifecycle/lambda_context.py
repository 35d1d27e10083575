"""The context object that Lambda gives to a handler, as far as handlers and Powertools read it."""

from __future__ import annotations


class LambdaContext:
    function_name = "function"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:function"

    def __init__(self, aws_request_id: str = "id", seconds: float = 120) -> None:
        self.aws_request_id = aws_request_id
        self._seconds = seconds

    def get_remaining_time_in_millis(self) -> int:
        return int(self._seconds * 1000)
