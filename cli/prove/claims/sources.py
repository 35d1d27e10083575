"""The probe agent as a source zip in the stack's artifact bucket."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

from cli.prove.proof import Proof
from cli.target.target import BUCKET_OUTPUT

_FOLDER = Path(__file__).resolve().parents[1] / "probe"
_FILES = ("Dockerfile", "main.py", "requirements.txt")
_GREETING = 'GREETING = "echo of"'
# A fixed time, so that the same content is the same zip.
_TIME = (2026, 1, 1, 0, 0, 0)


def packed(greeting: str = "echo of") -> bytes:
    """Return the probe agent's source as a zip.

    Args:
        greeting: What its answers begin with; another greeting is another version of the agent.
    """
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name in _FILES:
            text = (_FOLDER / name).read_text(encoding="utf-8")
            archive.writestr(
                zipfile.ZipInfo(name, _TIME), text.replace(_GREETING, f'GREETING = "{greeting}"')
            )
    return data.getvalue()


def uploaded(proof: Proof, name: str = "probe", greeting: str = "echo of") -> dict[str, str]:
    """Upload the probe agent, and return the field `artifact.source` of an input."""
    where = {"bucket": proof.place.outputs()[BUCKET_OUTPUT], "key": f"sources/{name}.zip"}
    proof.place.client("s3").put_object(
        Bucket=where["bucket"], Key=where["key"], Body=packed(greeting)
    )
    return where
