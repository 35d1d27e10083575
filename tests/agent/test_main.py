"""The agent as callers meet it: a process on the service contract, with a model endpoint that speaks Bedrock."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import httpx
import pytest
from werkzeug.serving import make_server

from local.services.bedrock.service import Bedrock

AGENT = Path(__file__).parents[2] / "agent"


@pytest.fixture(scope="module")
def bedrock_url() -> Iterator[str]:
    server = make_server("127.0.0.1", 0, Bedrock().app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://localhost:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("agent") / "log"


@pytest.fixture(scope="module")
def agent(bedrock_url: str, log: Path) -> Iterator[httpx.Client]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        "PATH": os.environ["PATH"],
        "AWS_ENDPOINT_URL": bedrock_url,
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "example",
    }
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", f"import main; main.app.run(port={port})"],
            cwd=AGENT,
            env={**environment, "PYTHONPATH": str(AGENT), "PYTHONDONTWRITEBYTECODE": "1"},
            stdout=output,
            stderr=output,
        )
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
        deadline = time.monotonic() + 60
        while True:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, "the agent never listened"
            try:
                if client.get("/ping").status_code == 200:
                    break
            except httpx.ConnectError:
                time.sleep(0.1)
        yield client
    process.terminate()
    process.wait(10)


def ask(agent: httpx.Client, prompt: str) -> Any:
    answer = agent.post("/invocations", json={"prompt": prompt})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_it_is_healthy(agent: httpx.Client) -> None:
    assert agent.get("/ping").json()["status"] == "Healthy"


def test_the_weather_tool_answers(agent: httpx.Client) -> None:
    answer = ask(agent, "今の天気はどうですか？")
    assert answer["toolsUsed"] == ["weather"]
    assert re.search(r"東京の天気は.+、気温は\d+度", answer["answer"])


def test_the_calculator_answers(agent: httpx.Client) -> None:
    answer = ask(agent, "123 × 456 は？")
    assert answer["toolsUsed"] == ["calculator"]
    assert "56088" in answer["answer"]


def test_both_tools_answer_one_question(agent: httpx.Client) -> None:
    answer = ask(agent, "大阪の天気と 0.1 + 0.2 は？")
    assert sorted(answer["toolsUsed"]) == ["calculator", "weather"]
    assert "大阪の天気は" in answer["answer"]
    assert "0.3" in answer["answer"]


def test_it_says_what_it_can_do(agent: httpx.Client) -> None:
    answer = ask(agent, "こんにちは")
    assert answer["toolsUsed"] == []
    assert "簡単な計算と天気" in answer["answer"]


@pytest.mark.parametrize(
    "payload", [{}, {"prompt": ""}, {"prompt": " \n"}, {"prompt": 1}, {"text": "a"}, [], "a", None]
)
def test_a_payload_without_a_prompt_is_a_clear_error(agent: httpx.Client, payload: Any) -> None:
    answer = agent.post("/invocations", content=json.dumps(payload))
    assert answer.status_code == 200
    assert answer.json().keys() == {"error"}
    assert answer.json()["error"]["code"] == "InvalidPayload"
    assert '{"prompt":' in answer.json()["error"]["message"]


def test_conversations_do_not_mix(agent: httpx.Client) -> None:
    prompts = [f"{n} + 1000 は？" for n in range(6)]
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda prompt: ask(agent, prompt), prompts))
    for n, answer in enumerate(answers):
        assert re.findall(r"\d+", answer["answer"]) == [str(n + 1000)]


def test_the_log_keeps_prompts_and_answers_to_itself(agent: httpx.Client, log: Path) -> None:
    ask(agent, "合言葉は swordfish です。7 * 6 は？")
    logged = log.read_text()
    assert "Invocation completed" in logged
    assert "swordfish" not in logged
    assert "計算結果" not in logged


def test_every_place_keeps_its_weather() -> None:
    code = "import main; print(main.weather('大阪') == main.weather(' 大阪 '), main.weather(''))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=AGENT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    same, default = done.stdout.split()
    assert same == "True"
    assert default.startswith("東京の天気は")


def test_nothing_that_a_snapshot_would_freeze_is_made_at_import() -> None:
    # Platform V2 restores sessions from a snapshot of the started process (developer guide, "Platform versions").
    program = (
        "import boto3; import main; print(boto3.DEFAULT_SESSION, main.model.cache_info().currsize)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=AGENT,
        env={"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["None", "0"]


def test_the_libraries_that_are_not_traced_have_an_instrumentation() -> None:
    dockerfile = (AGENT / "Dockerfile").read_text(encoding="utf-8")
    (named,) = re.findall(r"OTEL_PYTHON_DISABLED_INSTRUMENTATIONS=(\S+)", dockerfile)
    known = {point.name for point in entry_points(group="opentelemetry_instrumentor")}
    assert set(named.split(",")) <= known
