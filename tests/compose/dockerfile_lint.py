"""Rules of hadolint that matter here, by their numbers, and some of our own; for machines that do not have it."""

import re
from collections.abc import Collection, Iterator
from typing import Final

_SECRET: Final = re.compile(
    r"(?i)(password|passwd|secret|token|api_?key|private_?key)\w*\s*[=:]\s*\S|://[^/\s:]+:[^@\s]+@"
)
_INSTRUCTIONS: Final = {
    *("ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "RUN", "SHELL"),
    *("STOPSIGNAL", "USER", "VOLUME", "WORKDIR"),
}
_NEVER: Final = {
    r"\bsudo\b": "DL3004 sudo",
    r"\bcd\s": "DL3003 WORKDIR instead of cd",
    r"\b(curl|wget)\b[^|]*\|\s*(ba)?sh\b": "TS0002 runs what it downloads",
    r"\bapt\s": "DL3027 apt-get instead of apt",
    r"pip install.*--(extra-)?index-url|--trusted-host|--find-links": "TS0003 names an index of packages",
}
_ALWAYS: Final = {
    ("apt-get install", "--no-install-recommends"): "DL3015 --no-install-recommends",
    ("apt-get install", r"rm -rf /var/lib/apt/lists/\*"): "DL3009 the lists of apt stay",
    ("apt-get install", r"install\s+.*(--yes|-y)\b"): "DL3014 apt-get asks",
    ("pip install", r"--require-hashes|--no-deps \."): "DL3013 what pip installs is not locked",
}
"""What a RUN with the one must have too."""


def instructions(dockerfile: str) -> list[tuple[str, str]]:
    """Instructions with continuation lines joined and comments left out."""
    kept = "\n".join(line for line in dockerfile.splitlines() if not line.lstrip().startswith("#"))
    joined = re.sub(r"\\\n\s*", " ", kept)
    pairs = [line.split(maxsplit=1) for line in joined.splitlines() if line.strip()]
    return [(pair[0], pair[1] if len(pair) > 1 else "") for pair in pairs]


def faults(dockerfile: str, run: frozenset[str]) -> list[str]:
    """What is wrong, by rule. run: the stages that are run, not only built from."""
    return [*_each(instructions(dockerfile)), *_stages(instructions(dockerfile), run)]


def _each(found: list[tuple[str, str]]) -> Iterator[str]:
    for word, rest in found:
        if word == "ADD":
            yield "DL3020 COPY instead of ADD"
        elif word not in _INSTRUCTIONS:
            yield f"DL1000 no instruction {word}"
        if word in {"CMD", "ENTRYPOINT"} and not rest.startswith("["):
            yield f"DL3025 {word} is not a JSON list"
        if word == "WORKDIR" and not rest.startswith("/"):
            yield "DL3000 WORKDIR is not absolute"
        if _SECRET.search(rest):
            yield f"TS0001 {word} holds a secret"
        if word == "RUN":
            yield from _run(rest)


def _run(rest: str) -> Iterator[str]:
    yield from (fault for pattern, fault in _NEVER.items() if re.search(pattern, rest))
    yield from (fault for (word, pattern), fault in _ALWAYS.items() if word in rest and not re.search(pattern, rest))


def _stages(found: list[tuple[str, str]], run: frozenset[str]) -> Iterator[str]:
    users: dict[str, str] = {}
    places: dict[str, bool] = {}
    stage = ""
    for word, rest in found:
        if word == "FROM":
            image, _, stage = rest.partition(" AS ")
            yield from _begun(image, stage, users)
            users[stage], places[stage] = users.get(image, "root"), places.get(image, False)
        elif word == "USER":
            users[stage] = rest
        elif word == "WORKDIR":
            places[stage] = True
        elif word == "COPY":
            yield from _copied(rest, users.keys() - {stage}, places[stage])
    for name in sorted(run):
        if not re.fullmatch(r"[1-9]\d*(:[1-9]\d*)?", users.get(name, "")):
            yield f"DL3002 {name} runs as {users.get(name, 'nobody: there is no such stage')}"


def _begun(image: str, stage: str, known: Collection[str]) -> Iterator[str]:
    if not stage:
        yield "TS0004 a stage without a name"
    if stage in known:
        yield f"DL3024 two stages {stage}"
    if image not in known and not re.search(r":v?\d[\w.-]*(@sha256:[0-9a-f]{64})?$", image):
        yield f"DL3006 {image} is not pinned to a version"


def _copied(rest: str, before: Collection[str], has_place: bool) -> Iterator[str]:
    for source in re.findall(r"--from=(\S+)", rest):
        if source not in before:
            yield f"DL3022 no stage {source} before"
    if not has_place and not rest.split()[-1].startswith("/"):
        yield "DL3045 COPY to a relative place without WORKDIR"
