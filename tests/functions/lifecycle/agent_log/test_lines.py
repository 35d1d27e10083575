"""Which line of an agent's log is shown, and what is advised."""

from __future__ import annotations

import json

import pytest

from lifecycle.agent_log.lines import error_line, hint, presentable

PYTHON = """\
Traceback (most recent call last):
  File "/var/task/main.py", line 3, in <module>
    import weather_of_tokyo  # an error here
ModuleNotFoundError: No module named 'weather_of_tokyo'"""
NODE = """\
node:internal/modules/cjs/loader:1386
  throw err;
  ^

Error: Cannot find module './tools'
    at Module._load (node:internal/modules/cjs/loader:1211:37) {
  code: 'MODULE_NOT_FOUND',
}

Node.js v22.14.0"""
ACCESS = 'INFO:     127.0.0.1:40152 - "POST /invocations HTTP/1.1" 500 Internal Server Error'
SDK = json.dumps(
    {
        "timestamp": "2026-11-26T03:00:00Z",
        "level": "ERROR",
        "message": "Invocation failed (0.001s)",
        "errorType": "KeyError",
        "errorMessage": "'TABLE'",
        "stackTrace": ["Traceback …"],
    }
)


@pytest.mark.parametrize(
    ("messages", "line"),
    [
        ([PYTHON], "ModuleNotFoundError: No module named 'weather_of_tokyo'"),
        (PYTHON.splitlines(), "ModuleNotFoundError: No module named 'weather_of_tokyo'"),
        (NODE.splitlines(), "Error: Cannot find module './tools'"),
        ([PYTHON, ACCESS], "ModuleNotFoundError: No module named 'weather_of_tokyo'"),
        ([ACCESS], ACCESS),
        ([SDK, '{"level": "INFO", "message": "no error here"}'], "KeyError: 'TABLE'"),
        (['{"level": "error", "msg": "the disk is full"}'], "error: the disk is full"),
        (['{"severityText": "ERROR", "body": "no model"}'], "error: no model"),
        (
            [
                "ValueError: first",
                "during handling of it",
                "botocore.exceptions.ClientError: second",
            ],
            "botocore.exceptions.ClientError: second",
        ),
        (
            ["/var/task/bin/opentelemetry-instrument: line 2: python3: No such file or directory"],
            "/var/task/bin/opentelemetry-instrument: line 2: python3: No such file or directory",
        ),
        (["\x1b[31mRuntimeError\x1b[0m: red"], "RuntimeError: red"),
        (['{"not": json', "[1, 2]", "{}"], None),
        (["hello", "", "ready to serve"], None),
        ([], None),
    ],
)
def test_the_line_that_says_why(messages: list[str], line: str | None) -> None:
    assert error_line(messages) == line


def test_a_long_line_is_cut() -> None:
    assert len(presentable("x" * 4000)) == 240


@pytest.mark.parametrize(
    "secret",
    [
        "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl",
        "AKIAIOSFODNN7EXAMPLE",
        "ASIAIOSFODNN7EXAMPLE",
        "Bearer c29tZWJvZHkgZWxzZQ==",
        "basic dXNlcjpwYXNzd29yZA==",
        "ghp_0123456789abcdefghijABCDEFGHIJ012345",
        "github_pat_0123456789abcdefghij_ABCDEFGHIJ",
    ],
)
def test_credentials_of_other_calls_are_hidden(secret: str) -> None:
    shown = presentable(f"ValueError: the header was {secret} and\x07 wrong")
    assert shown == "ValueError: the header was (hidden) and wrong"


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("fetch https://u:p@ss@host/x", "fetch https://(hidden)@host/x"),
        ('curl -H "X-Api-Key: s3cr3tvalue" x', 'curl -H "X-Api-Key: (hidden) x'),
        ("curl -H X-Api-Key:value", "curl -H X-Api-Key:(hidden)"),
        ("NPM_TOKEN=abc npm ci", "NPM_TOKEN=(hidden) npm ci"),
        ("api_key = 'two words' is wrong", "api_key = (hidden) is wrong"),
        ('{"accessToken": "abc def", "a": 1}', '{"accessToken": (hidden), "a": 1}'),
        ("password: hunter", "password: (hidden)"),
        ("Authorization: Token abc", "Authorization: (hidden)"),
        ("Authorization: Bearer 0123456789", "Authorization: (hidden)"),
        ("GET /x?token=abc&x=1 failed", "GET /x?token=(hidden) failed"),
        ("the token: abcdef123", "the token: (hidden)"),
        ("apiKey: abcdef123", "apiKey: (hidden)"),
    ],
)
def test_what_a_name_or_a_url_says_is_secret_is_hidden(line: str, shown: str) -> None:
    assert presentable(line) == shown


@pytest.mark.parametrize(
    "line",
    [
        "KeyError: 'x'",
        "KeyError: 'api_key'",
        'failed to compute cache key: "/missing2.py": not found',
        "Error response from daemon: unauthorized: authentication required",
        "AuthenticationError: no such user",
        "SyntaxError: Unexpected token: identifier",
        "ERROR: No matching distribution found for python-token==1.2",
        "max_tokens=4096, author=Ada",
        "x is not authorized to perform: GetSecretValue on arn:aws:secretsmanager:us-east-1:1:secret:name-a1b2c3",
        "Invalid version of git+https://github.com/a/b@v1",
        "FATAL: password authentication failed for user x",
        "TypeError: f() got an unexpected keyword argument 'key'",
        "ExpiredToken: The provided token has expired",
    ],
)
def test_an_ordinary_error_is_shown_as_it_is(line: str) -> None:
    assert presentable(line) == line


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("ModuleNotFoundError: No module named 'x'", "requirements.txt"),
        ("Error: Cannot find module './tools'", "package.json"),
        ("exec /app/main: exec format error", "ARM64"),
        ("SyntaxError: '(' was never closed", "source"),
        (
            "botocore.exceptions.ClientError: An error occurred (AccessDeniedException)",
            "execution role",
        ),
        ("OSError: [Errno 98] Address already in use", "port"),
        ("python3: No such file or directory", "entry point"),
        ("ValueError: something of the agent's own", "fix it in the agent"),
    ],
)
def test_the_advice_follows_from_the_line(line: str, words: str) -> None:
    assert words in hint(line)
