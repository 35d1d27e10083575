"""The context object that Lambda gives to a handler, as far as Powertools reads it."""

from __future__ import annotations


class LambdaContext:
    function_name = "function"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:function"
    aws_request_id = "id"
