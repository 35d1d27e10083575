"""What Dockerfiles do here: instructions, paths, stages, and what is refused."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from local.services.images import paths
from local.services.images.builder import ImageBuilder
from local.services.images.dockerfile import DockerfileError, IgnoreRules, parse, substitute
from local.services.images.store import Image

FROM = "FROM python:3.13-slim\n"
Build = Callable[..., Image]


@pytest.fixture
def build(tmp_path: Path) -> Build:
    """Build a Dockerfile; `files` are the context."""

    def run(dockerfile: str, files: dict[str, str] | None = None, **build_args: str) -> Image:
        context, folder = tmp_path / "context", tmp_path / f"tree{len([*tmp_path.iterdir()])}"
        folder.mkdir()
        for name, text in {**(files or {}), "Dockerfile": dockerfile}.items():
            (context / name).parent.mkdir(parents=True, exist_ok=True)
            (context / name).write_text(text, encoding="utf-8")
        builder = ImageBuilder(context, folder, build_args, lambda _: None)
        return builder.build(context / "Dockerfile")

    return run


def read(image: Image, path: str) -> str:
    return (image.root / path).read_text(encoding="utf-8").strip()


def test_instructions_make_the_image(build: Build) -> None:
    image = build(
        FROM
        + """
ARG VERSION=1
ENV APP_HOME=/srv/app MODE="a b" VERSION_ENV=v${VERSION}
WORKDIR $APP_HOME
COPY --chown=1000 src/ lib/
COPY ["one.txt", "two.txt", "./"]
ADD one.txt /etc/renamed.txt
RUN echo "$MODE $VERSION" > out.txt && \\
    # a comment between
    cp $APP_HOME/out.txt /var/lib/copy.txt
RUN ["python", "-c", "open('/dev/null', 'w'); open('exec.txt', 'w').write('exec')"]
USER 1000
EXPOSE 8080
ENTRYPOINT ["python"]
CMD ["/srv/app/lib/main.py", "--flag"]
""",
        {"src/main.py": "print(1)", "src/deep/x": "x", "one.txt": "1", "two.txt": "2"},
        VERSION="7",
    )
    home = image.root / "srv/app"
    assert image.workdir == home
    assert (home / "lib/deep/x").is_file()
    assert (read(image, "srv/app/two.txt"), read(image, "etc/renamed.txt")) == ("2", "1")
    assert read(image, "var/lib/copy.txt") == "a b 7"
    assert read(image, "srv/app/exec.txt") == "exec"
    assert image.command == ["python", f"{home}/lib/main.py", "--flag"]
    assert image.environment["APP_HOME"] == str(home)
    assert image.environment["VERSION_ENV"] == "v7"
    done = subprocess.run(
        image.command, env=image.environment, cwd=image.workdir, capture_output=True, check=True
    )
    assert done.stdout == b"1\n"


def test_the_interpreter_is_the_images_own(build: Build) -> None:
    image = build(
        FROM + "RUN which python > where.txt; python -c 'import sys; print(sys.prefix)'>p\n"
    )
    assert read(image, "where.txt") == f"{image.root}/usr/local/bin/python"
    assert read(image, "p") == f"{image.root}/usr/local"


def test_absolute_paths_never_reach_the_host(build: Build, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").touch()
    image = build(
        FROM
        + f"RUN mkdir -p {precious} && touch {precious}/file && rm -rf {precious}/* '{precious}'\n"
        f"ENV WHERE={precious}\nRUN rm -rf $WHERE ~/.x; cd / && echo here > /tmp/t && touch ~/home\n"
    )
    assert (precious / "file").is_file()
    assert (image.root / "root/home").is_file()
    assert read(image, "tmp/t") == "here"


@pytest.mark.parametrize(
    ("text", "mapped"),
    [
        ("rm -rf /var/lib/apt/lists/*", "rm -rf R/var/lib/apt/lists/*"),
        ("echo a >/dev/null 2>/x", "echo a >/dev/null 2>R/x"),
        ("PATH=/a/b:/c cmd --out=/d", "PATH=R/a/b:R/c cmd --out=R/d"),
        ("curl https://example.com/a/b", "curl https://example.com/a/b"),
        ("sed s/a/b/ file; cp ./a/b sub/dir", "sed s/a/b/ file; cp ./a/b sub/dir"),
        ("ls $HOME/x ${A}/y '/q'", "ls $HOME/x ${A}/y 'R/q'"),
        ("/bin/sh -c x", "R/bin/sh -c x"),
    ],
)
def test_shell_paths(text: str, mapped: str) -> None:
    assert paths.shell_text(Path("R"), text) == mapped


def test_paths_cannot_leave_the_image(tmp_path: Path) -> None:
    assert paths.inside(tmp_path, "../../../etc/x", "/app") == tmp_path / "etc/x"
    assert paths.inside(tmp_path, "./y", "/app") == tmp_path / "app/y"
    path = paths.value(tmp_path, "PATH", "/app/bin:/usr/bin:/usr/local/bin")
    assert path == f"{tmp_path}/app/bin:/usr/bin:{tmp_path}/usr/local/bin"
    assert paths.value(tmp_path, "URL", "http://x/y") == "http://x/y"


@pytest.mark.parametrize(
    "commands",
    [
        # B2 of what strangers found: pip's own uv, told to break the packages of a system.
        "RUN pip install uv\nRUN UV_BREAK_SYSTEM_PACKAGES=1 uv pip install --system six\n",
        # The Dockerfile of the AgentCore starter toolkit sets the variable for the whole image.
        "ENV UV_SYSTEM_PYTHON=1\nRUN pip install uv\nRUN uv pip install six\n",
        "COPY --from=ghcr.io/astral-sh/uv:0.9 /uv /bin/\nRUN uv pip install --system six\n",
        "RUN pip install uv\nRUN python -m uv pip install --system six\n",
    ],
)
def test_uv_installs_into_the_image(build: Build, commands: str) -> None:
    image = build("FROM python:3.11-slim\n" + commands)
    assert [*(image.root / "usr/local/lib").glob("python3*/site-packages/six.py")]


def test_uv_installs_into_a_virtual_environment_of_the_image(build: Build) -> None:
    image = build(
        "FROM ghcr.io/astral-sh/uv:python3.13-bookworm-slim\n"
        "WORKDIR /app\nRUN uv venv && uv pip install six\n"
        "ENV VIRTUAL_ENV=/opt/env\nRUN uv venv /opt/env && uv pip install six\n"
    )
    for place in ("app/.venv", "opt/env"):
        assert [*(image.root / place).glob("lib/python3*/site-packages/six.py")]
    assert not [*(image.root / "usr/local/lib").glob("python3*/site-packages/six.py")]


def test_uv_without_an_environment_is_refused_as_in_a_container(build: Build) -> None:
    with pytest.raises(DockerfileError, match="RUN uv pip install six ended with exit status 1"):
        build("FROM python:3.13-slim\nRUN pip install uv\nRUN uv pip install six\n")


def test_uv_finds_the_interpreter_of_the_image(build: Build) -> None:
    image = build(FROM + "RUN pip install uv && uv python find > found\n")
    assert read(image, "found") == f"{image.root}/usr/local/bin/python"


def test_stages(build: Build) -> None:
    image = build(
        """
ARG BASE=python:3.13
FROM ${BASE} AS builder
ENV FROM_BUILDER=1
WORKDIR /app
RUN python -m venv --without-pip .venv && echo built > result
FROM builder AS unused
RUN echo changed > result
FROM python:3.13-slim
WORKDIR /app
COPY --from=ghcr.io/astral-sh/uv:0.9 /uv /bin/
COPY --from=builder /app/.venv .venv
COPY --from=builder /app/result .
ENV PATH=/app/.venv/bin:$PATH
RUN python -c "import sys; print(sys.prefix)" > prefix
""",
    )
    assert "FROM_BUILDER" not in image.environment
    assert read(image, "app/result") == "built"
    assert read(image, "app/prefix") == f"{image.root}/app/.venv"
    assert image.environment["PATH"].startswith(f"{image.root}/app/.venv/bin:")


def test_the_ignore_file_counts(build: Build) -> None:
    files = {
        ".dockerignore": "*\n!keep.py\n!pkg\npkg/**/*.log\n",
        "keep.py": "",
        "secret.env": "",
        "pkg/a.py": "",
        "pkg/deep/b.log": "",
    }
    image = build(FROM + "WORKDIR /app\nCOPY . .\n", files)
    copied = {str(f.relative_to(image.workdir)) for f in image.workdir.rglob("*") if f.is_file()}
    assert copied == {"keep.py", "pkg/a.py"}
    with pytest.raises(DockerfileError, match=r"\.dockerignore leaves secret\.env out"):
        build(FROM + "COPY secret.env /\n", files)


@pytest.mark.parametrize(
    ("path", "ignored"),
    [("a.pyc", True), ("d/e/f.pyc", True), ("docs/x/y", True), ("docs/keep.md", False)],
)
def test_ignore_rules(path: str, ignored: bool) -> None:
    rules = IgnoreRules.parse("# comment\n**/*.pyc\n/docs/\n!docs/keep.md\n")
    assert rules.ignores(PurePosixPath(path)) is ignored


@pytest.mark.parametrize(
    ("dockerfile", "said"),
    [
        ("RUN true", "no FROM"),
        ("FROM node:22", "Python base images only"),
        ("FROM scratch", "Python base images only"),
        ("ENV A=1\n" + FROM, "only ARG may precede FROM"),
        (FROM + "FETCH x", "line 2: unknown instruction FETCH"),
        (FROM + "RUN <<EOF\ntrue\nEOF", "here-documents"),
        (FROM + "COPY nothing.txt .", "nothing.txt is not in the source"),
        (FROM + "COPY ../x .", "outside of the context"),
        (FROM + "COPY --from=nobody /x .", "there is no stage nobody"),
        (FROM + "\nRUN exit 7", "line 3: RUN exit 7 ended with exit status 7"),
        (FROM + "RUN pip download six", "exit status 1"),
    ],
)
def test_what_cannot_be_built_is_said(build: Build, dockerfile: str, said: str) -> None:
    with pytest.raises(DockerfileError, match=said):
        build(dockerfile)


def test_variables() -> None:
    known = {"A": "1", "EMPTY": ""}
    text = r"$A ${A} ${B:-b} ${EMPTY:-e} ${A:+yes} ${B:+no} \$A $B."
    assert substitute(text, known) == "1 1 b e yes  $A ."


def test_continued_lines_and_flags() -> None:
    _, copy, run = parse("from x\nCOPY --from=a --chmod=755 b \\\n\n # note\n c\nrun  a  b\n")
    assert (copy.flags, copy.text, copy.line) == ({"from": "a", "chmod": "755"}, "b  c", 2)
    assert (run.name, run.text) == ("RUN", "a  b")


def test_the_digest_is_of_the_content(build: Build) -> None:
    dockerfile = FROM + 'COPY f .\nCMD ["python"]\n'
    first, second = build(dockerfile, {"f": "x"}), build(dockerfile, {"f": "x"})
    assert first.root != second.root
    assert first.digest == second.digest
    assert build(dockerfile, {"f": "longer"}).digest != first.digest
    assert build(dockerfile, {"f": "y"}).digest != first.digest, "the same size, another byte"
    assert build(dockerfile.replace('python"', 'sh"'), {"f": "x"}).digest != first.digest


def test_the_hosts_own_environment_stays_out(build: Build, monkeypatch: Any) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "host")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    image = build(FROM + "RUN env > env.txt\n")
    seen = dict(line.partition("=")[::2] for line in read(image, "env.txt").splitlines())
    assert not {"AWS_SECRET_ACCESS_KEY", "PYTHONDONTWRITEBYTECODE"} & seen.keys()
    assert seen["HOME"] == str(image.root / "root")
    assert os.environ["HOME"] not in seen["PATH"].split(":")
