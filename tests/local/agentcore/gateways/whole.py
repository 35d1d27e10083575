"""A whole local AWS of a small template, whose AgentCore takes no time."""

from __future__ import annotations

from pathlib import Path

from local.agentcore.settings import Delays
from local.embedded import EmbeddedAws


def start(folder: Path, template: str) -> EmbeddedAws:
    """Start it in a folder, with the template's text; what the template needs lies in the folder already."""
    (folder / "template.yaml").write_text(template)
    return EmbeddedAws.start(
        state_dir=folder / "state",
        template=folder / "template.yaml",
        delays=Delays(create=0, update=0, delete=0, endpoint=0, gateway=0, spans=0),
    )
