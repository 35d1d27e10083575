"""Variables that are printed survive a shell."""

from __future__ import annotations

import subprocess

from cli.display.variables import exports


def test_the_variables_survive_a_shell() -> None:
    variables = {"AWS_ENDPOINT_URL": "http://localhost:1", "AWS_SECRET_ACCESS_KEY": "a'b $c"}
    script = exports(variables) + '\nprintf "%s|%s" "$AWS_ENDPOINT_URL" "$AWS_SECRET_ACCESS_KEY"'
    shown = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert shown.stdout == "http://localhost:1|a'b $c"
