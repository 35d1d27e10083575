"""A small Strands agent on Amazon Bedrock AgentCore Runtime: simple arithmetic and the weather.

Service contract (AgentCore developer guide, "HTTP protocol contract"): `POST /invocations` and
`GET /ping` on port 8080, served by `BedrockAgentCoreApp`.

Payload: `{"prompt": "今の天気はどうですか？"}`.
Answer: `{"answer": "…", "toolsUsed": ["weather"]}`; `toolsUsed` names the tools that gave a result.

A payload without a usable prompt is answered with status 200 and
`{"error": {"code": "InvalidPayload", "message": "…"}}`. Not with 400: AgentCore turns every refusal
by the agent into 424 `RuntimeClientError` with a text of its own, and the sentence that says what to
do would never reach the caller. Faults of the model or of this program stay faults (500, so 424).

Environment: `MODEL_ID`, a Bedrock model or inference profile.
"""

import functools
import hashlib
import os
from typing import Any

from bedrock_agentcore import BedrockAgentCoreApp
from strands import Agent, tool
from strands.models import BedrockModel
from strands_tools import calculator

DEFAULT_MODEL_ID = "global.anthropic.claude-haiku-4-5-20251001-v1:0"

SYSTEM_PROMPT = """\
あなたは、簡単な計算と天気の案内ができるアシスタントです。
- 計算は暗算せず、必ず calculator ツールで求めてから答えてください。
- 天気は weather ツールで調べてから答えてください。場所が分からないときは東京とします。
- それ以外のことを聞かれたら、できること（簡単な計算と天気の案内）を丁寧に伝えてください。
- 相手の言葉に合わせ、短く、分かりやすく答えてください。
"""

# What the dummy can say: (sky, lowest, highest temperature in degrees Celsius).
SKIES = (("晴れ", 18, 27), ("くもり", 14, 22), ("雨", 11, 18), ("晴れ時々くもり", 16, 25))

app = BedrockAgentCoreApp()


@tool
def weather(place: str = "東京") -> str:
    """Tell the weather of a place (天気を調べる).

    A stand-in for a real weather service: it asks no network, and makes the weather up from the
    name of the place, so that the same place always has the same weather.

    Args:
        place: Name of the city or region, such as "東京" or "Osaka". Default: 東京.

    Returns:
        One Japanese sentence with the sky and the temperature in degrees Celsius.
    """
    place = place.strip() or "東京"
    seed = hashlib.sha256(place.encode()).digest()
    sky, lowest, highest = SKIES[seed[0] % len(SKIES)]
    degrees = lowest + seed[1] % (highest - lowest + 1)
    return f"{place}の天気は{sky}、気温は{degrees}度です。（見本用の天気です）"


@functools.cache
def model() -> BedrockModel:
    """Give the one Bedrock client of this process; it holds no conversation.

    Returns:
        The model that `MODEL_ID` names, in the region of the environment.
    """
    return BedrockModel(model_id=os.environ.get("MODEL_ID") or DEFAULT_MODEL_ID)


@app.entrypoint
def invoke(payload: Any) -> dict[str, Any]:
    """Answer one prompt with an agent that was made for it, so that no session sees another.

    Args:
        payload: The JSON value of the request; `{"prompt": str}` is expected.

    Returns:
        `{"answer": str, "toolsUsed": [str, …]}`, or `{"error": {"code": str, "message": str}}`
        when there is no usable prompt.

    Raises:
        botocore.exceptions.ClientError: Bedrock refused; the app answers 500.
    """
    prompt = payload.get("prompt") if isinstance(payload, dict) else None
    if not isinstance(prompt, str) or not prompt.strip():
        message = (
            'Send a JSON object with a text that is not empty, such as {"prompt": "12 + 30 は？"}.'
        )
        return {"error": {"code": "InvalidPayload", "message": message}}
    agent = Agent(
        model=model(),
        system_prompt=SYSTEM_PROMPT,
        tools=[calculator, weather],
        callback_handler=None,  # the default one prints every answer into the log
    )
    result = agent(prompt)
    answered = [name for name, used in result.metrics.tool_metrics.items() if used.success_count]
    return {"answer": str(result).strip(), "toolsUsed": answered}


if __name__ == "__main__":
    app.run()
