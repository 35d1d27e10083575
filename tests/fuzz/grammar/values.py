"""Odd values: texts, numbers, names and JSON that a careful caller never sends."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

ODD_CHARACTERS = [
    "\0",
    "\n",
    "\r\n",
    "\t",
    "\x1b[31m",
    "\x7f",
    "\x85",
    "\u00a0",
    "\u3000",
    "\u2028",
    "\u200b",
    "\u202e",  # right to left from here on
    "e\u0301\u0323",
    "\ufeff",
    "\ufffe",
    "\ud800",
    "\udfff",
    "\U0001f468\u200d\U0001f469",
    "\uff21",  # a wide A
    "\u0131",  # upper case is a plain I
    "\u212a",  # lower case is a plain k
    "\u0660",  # a digit that is not ASCII
    "\\",
    "'",
    '"',
    "$",
    "{%",
    "${jndi:x}",
    "../",
    "%00",
    "%",
    ";",
]
ODD_TEXTS = [
    "",
    " ",
    "[key]",
    "None",
    "null",
    "true",
    "0",
    "-1",
    "NaN",
    "dev\n",
    "DEV",
    "a" * 24,
    "a" * 25,
    "__proto__",
    "$.input",
    "{% $states.input %}",
    "arn:aws:iam::123456789012:role/x",
    "https://a..b/.well-known/openid-configuration",
    "http://[::1/.well-known/openid-configuration",
    "https://xn--/.well-known/openid-configuration",
    f"https://{'a' * 70}.example.com/.well-known/openid-configuration",
    "https://169.254.169.254/.well-known/openid-configuration",
    "x" * 129,
    "x" * 257,
    "\u00e9" * 1024,
    "\u3042" * 4096,
    "x" * 10_001,
    "(\\S+\\s?)+\\.$",
    "(?i)[\\0-\\U0010ffff]",
    "((((((a*)*)*)*)*)*)*",
    "a{99999999999}",
    "(?P<a>",
    *ODD_CHARACTERS,
]
ODD_NUMBERS: list[Any] = [
    0,
    -0.0,
    -1,
    1,
    0.5,
    5e-324,
    1e-130,
    1e-131,
    1e308,
    float("inf"),
    float("-inf"),
    float("nan"),
    2**31 - 1,
    2**31,
    -(2**31) - 1,
    2**53 + 1,
    2**63 - 1,
    2**63,
    -(2**63) - 1,
    10**400,
    0.00009999,
    8760,
    8760.0000001,
    60,
    59,
    1209600,
    1209601,
]
ODD_NAMES = [
    "[key]",
    "environment",
    "Environment",
    "action",
    "detail",
    "detail-type",
    "__class__",
    "model_config",
    "aws:tag",
    "AWS:tag",
    "agentcore-lifecycle:stack",
    "Agentcore-Lifecycle:stack",
    "PATH",
    "AWS_ENDPOINT_URL_S3",
    "agentRuntimeName",
    "protocolConfiguration",
    "x" * 200,
    *ODD_TEXTS[:14],
    *ODD_CHARACTERS,
]

odd_characters = st.sampled_from(ODD_CHARACTERS)
_any_character = st.characters(exclude_categories=())
texts: SearchStrategy[str] = st.one_of(
    st.sampled_from(ODD_TEXTS),
    st.text(_any_character, max_size=12),
    st.text("abcxyz019-_./: ", max_size=30),
)
numbers: SearchStrategy[Any] = st.one_of(
    st.sampled_from(ODD_NUMBERS), st.integers(-5, 2000), st.floats()
)
names: SearchStrategy[str] = st.one_of(
    st.sampled_from(ODD_NAMES),
    st.text(_any_character, max_size=8),
    # Not in the list above: hypothesis would print it with each failure.
    st.sampled_from([10_000, 150_000]).map("y".__mul__),
)
scalars: SearchStrategy[Any] = st.one_of(st.none(), st.booleans(), numbers, texts)


def nested(depth: int, inner: Any = 1, *, in_lists: bool = False) -> Any:
    """JSON that is nested `depth` levels deep."""
    for _ in range(depth):
        inner = [inner] if in_lists else {"a": inner}
    return inner


huge: SearchStrategy[Any] = st.one_of(
    st.builds(
        nested,
        st.sampled_from([3, 31, 33, 100, 300]),
        in_lists=st.booleans(),
    ),
    st.builds(lambda size: [0] * size, st.sampled_from([51, 1000, 20_000])),
    st.builds(
        lambda size: {f"unknown{number}": number for number in range(size)},
        st.sampled_from([51, 1000, 5_000]),
    ),
    st.builds(lambda size: "z" * size, st.sampled_from([5001, 100_000, 200_000])),
)
"""Large JSON, within what Step Functions takes as an input (256 KiB)."""

values: SearchStrategy[Any] = st.one_of(
    scalars,
    st.lists(scalars, max_size=4),
    st.dictionaries(names, scalars, max_size=3),
    st.recursive(
        scalars,
        lambda inner: st.one_of(
            st.lists(inner, max_size=3), st.dictionaries(names, inner, max_size=3)
        ),
        max_leaves=8,
    ),
    huge,
)
"""Any JSON value."""
