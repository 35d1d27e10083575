"""The models that the local Bedrock lists."""

from __future__ import annotations

import re

# Foundation models of the AWS documentation that take tools ("Supported models and model features").
MODELS = frozenset(
    {
        "amazon.nova-micro-v1:0",
        "amazon.nova-lite-v1:0",
        "amazon.nova-pro-v1:0",
        "anthropic.claude-3-5-haiku-20241022-v1:0",
        "anthropic.claude-3-7-sonnet-20250219-v1:0",
        "anthropic.claude-sonnet-4-20250514-v1:0",
        "anthropic.claude-opus-4-1-20250805-v1:0",
        "anthropic.claude-sonnet-4-5-20250929-v1:0",
        "anthropic.claude-haiku-4-5-20251001-v1:0",
        "anthropic.claude-opus-4-5-20251101-v1:0",
        "anthropic.claude-sonnet-4-6",
    }
)

_NAME = re.compile(
    r"(?:arn:[\w-]+:bedrock:[\w-]*:\d*:(?:foundation-model|inference-profile)/)?"
    r"(?:(?:global|us|us-gov|eu|apac|jp|au|ca)\.)?(.+)"
)


def is_known(model_id: str) -> bool:
    """Say whether a model id, an inference profile's id or the ARN of either names a known model."""
    match = _NAME.fullmatch(model_id)
    return bool(match and match.group(1) in MODELS)
