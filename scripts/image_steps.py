"""Does what the Dockerfile says in a clean root, without a container engine: python scripts/image_steps.py [STAGE]

For machines that have none. What stands in for the base image is this machine's own /usr and /etc, seen through an
overlay that is thrown away, with nothing else of the machine in sight: no home, no checkout, an empty /opt and /var.
Each COPY copies from the build context or an earlier stage, each RUN runs as the Dockerfile has it (as its USER, with
its ENV alone), with one exception: packages of the distribution are not fetched, it is looked whether they are there.

Then the stage is used: with a root that cannot be written to, as its user, a city is generated, trained on and served,
and HEALTHCHECK is asked until it is content. Needs Linux, root, `unshare` and overlay mounts. --bind PATH makes a
folder of this machine visible while packages are installed (a local index, say); variables PIP_* are handed on.
"""

import argparse
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_SEEN_THROUGH = ("usr", "etc")
_LINKS = ("bin", "sbin", "lib", "lib64", "lib32")
_EMPTY = ("dev", "proc", "tmp", "opt", "root", "run", "src", "home", "var/lib", "var/cache", "var/tmp")
_HANDED_ON = re.compile(r"^(PIP_|UV_|SSL_CERT)")
_PACKAGE = re.compile(r"apt-get install [^&]*?--no-install-recommends (?P<names>[^&]*)")
_THERE = {"gcc": "gcc", "libgomp1": "libgomp.so.1", "libc6-dev": "stdio.h"}
_READY_SECONDS = 120.0


class StepError(Exception):
    """A step that failed; the message is what it said last."""


@dataclass
class Stage:
    """A stage as far as it was built."""

    root: Path
    env: dict[str, str] = field(default_factory=lambda: {"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"})
    workdir: str = "/"
    user: str = "0:0"
    volumes: list[str] = field(default_factory=list)
    health: list[str] = field(default_factory=list)


def instructions(text: str) -> list[tuple[str, str]]:
    """Of a Dockerfile, continuation lines joined, comments left out."""
    kept = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    joined = re.sub(r"\\\n\s*", " ", kept)
    return [
        (word.upper(), rest[0] if rest else "")
        for word, *rest in (line.split(None, 1) for line in joined.splitlines() if line.strip())
    ]


def stages(found: Sequence[tuple[str, str]]) -> dict[str, tuple[str, list[tuple[str, str]]]]:
    """By name: what each begins from, and its steps."""
    named: dict[str, tuple[str, list[tuple[str, str]]]] = {}
    for word, rest in found:
        if word == "FROM":
            base, _, name = rest.split()
            named[name] = (base, [])
        else:
            next(reversed(named.values()))[1].append((word, rest))
    return named


class Builder:
    """Builds stages in folders of their own."""

    def __init__(self, folder: Path, dockerfile: Path, binds: Sequence[Path]) -> None:
        self._folder = folder
        self._context = dockerfile.parent
        self._known = stages(instructions(dockerfile.read_text()))
        self._binds = binds
        self._built: dict[str, Stage] = {}

    def build(self, name: str) -> Stage:
        """With all that it is built from. Raises StepError."""
        if name in self._built:
            return self._built[name]
        if name not in self._known:
            raise StepError(f"no stage {name!r} here: there are {', '.join(self._known)}")
        base, steps = self._known[name]
        for word, rest in steps:
            if word == "COPY" and (source := re.match(r"--from=(\S+)", rest)):
                self.build(source[1])
        stage = self._begun(name, self.build(base) if base in self._known else None)
        for word, rest in steps:
            print(f"{name}: {word} {rest}"[:150], flush=True)
            self._do(stage, word, rest)
        self._built[name] = stage
        return stage

    def _begun(self, name: str, parent: Stage | None) -> Stage:
        """An empty root, or what the parent has become."""
        own = self._folder / name
        for part in _SEEN_THROUGH:
            upper = own / "upper" / part
            if parent is None:
                upper.mkdir(parents=True)
            else:
                shutil.copytree(parent.root.parent / "upper" / part, upper, symlinks=True)
            (own / "scratch" / part).mkdir(parents=True)
        root = own / "root"
        root.mkdir()
        _mount("--bind", str(root), str(root))  # so that it can be made read-only by itself in the end
        if parent is not None:
            skipped = (*_SEEN_THROUGH, "dev", "proc", "tmp")
            before = parent.root
            leave = lambda at, _: skipped if Path(at) == before else ()  # noqa: E731
            shutil.copytree(before, root, symlinks=True, dirs_exist_ok=True, ignore=leave)
            _keep_owners(parent.root, root, skipped)
        for part in (*_SEEN_THROUGH, *_EMPTY):
            (root / part).mkdir(parents=True, exist_ok=True)
        (root / "tmp").chmod(0o1777)
        for link in _LINKS:
            if Path("/", link).is_symlink() and not (root / link).is_symlink():
                (root / link).symlink_to(os.readlink(Path("/", link)))
        for part in _SEEN_THROUGH:
            layers = f"lowerdir=/{part},upperdir={own}/upper/{part},workdir={own}/scratch/{part}"
            _mount("-t", "overlay", "overlay", "-o", layers, str(root / part))
        _mount("-t", "proc", "proc", str(root / "proc"))
        _mount("--rbind", "/dev", str(root / "dev"))
        if parent is None:
            local = root / "usr/local/bin"
            local.mkdir(parents=True, exist_ok=True)
            if not (local / "python").exists():
                (local / "python").symlink_to("/usr/bin/python3")
            return Stage(root)
        return Stage(root, dict(parent.env), parent.workdir, parent.user, list(parent.volumes), list(parent.health))

    def _do(self, stage: Stage, word: str, rest: str) -> None:
        if word == "RUN":
            self._run(stage, rest)
        elif word == "ENV":
            for pair in shlex.split(rest):
                name, _, value = pair.partition("=")
                stage.env[name] = re.sub(r"\$\{?(\w+)\}?", lambda found: stage.env.get(found[1], ""), value)
        elif word == "WORKDIR":
            stage.workdir = rest
            _inside(stage, rest).mkdir(parents=True, exist_ok=True)
        elif word == "COPY":
            self._copy(stage, rest)
        elif word == "USER":
            stage.user = rest
        elif word == "VOLUME":
            stage.volumes.append(rest)
        elif word == "HEALTHCHECK":
            stage.health = json.loads(rest[rest.index("CMD") + 3 :])
        elif word not in {"CMD", "EXPOSE", "STOPSIGNAL", "LABEL"}:
            raise StepError(f"{word} is not known here")

    def _run(self, stage: Stage, command: str) -> None:
        """As the Dockerfile has it, without what fetches packages of the distribution."""
        if found := _PACKAGE.search(command):
            self._look_for(found["names"].split())
            parts = [part.strip() for part in command.split("&&")]
            command = " && ".join(part for part in parts if not re.match(r"apt-get|rm -rf /var/lib/apt", part))
            if not command:
                return
        seen = [path for path in self._binds if "pip install" in command]
        for path in seen:
            inside = _inside(stage, str(path))
            inside.mkdir(parents=True, exist_ok=True)
            _mount("--bind", str(path), str(inside))
        try:
            handed = {name: value for name, value in os.environ.items() if _HANDED_ON.match(name)}
            done = subprocess.run(
                _command(stage, ["sh", "-c", command], handed), capture_output=True, text=True, check=False
            )
        finally:
            for path in reversed(seen):
                subprocess.run(["umount", str(_inside(stage, str(path)))], check=True)
        if done.returncode:
            raise StepError("\n".join((done.stderr or done.stdout).splitlines()[-15:]))

    def _look_for(self, packages: Sequence[str]) -> None:
        for package in packages:
            if package.startswith("postgresql-client"):
                there = shutil.which("pg_dump") is not None
            else:
                wanted = _THERE.get(package)
                if wanted is None:
                    raise StepError(f"do not know how to look for the package {package}")
                there = shutil.which(wanted) is not None or any(
                    next(Path(place).rglob(wanted), None) for place in ("/usr/lib", "/usr/include")
                )
            print(f"  {package}: {'there' if there else 'NOT on this machine'}", flush=True)

    def _copy(self, stage: Stage, rest: str) -> None:
        words = rest.split()
        origin = self._built[words.pop(0)[len("--from=") :]].root if words[0].startswith("--from=") else self._context
        *sources, target = words
        into = _inside(stage, target if target.startswith("/") else f"{stage.workdir}/{target}")
        for source in sources:
            here = origin / source.lstrip("/")
            place = into / here.name if (target.endswith("/") and here.is_file()) or target in {".", "./"} else into
            if here.is_file():
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(here, place)
            else:
                ignore = shutil.ignore_patterns("__pycache__", "*.so") if origin == self._context else None
                shutil.copytree(here, place, symlinks=True, dirs_exist_ok=True, ignore=ignore)


def use(stage: Stage) -> None:
    """Generate, train, serve and ask for health; read-only but for volumes. Raises StepError."""
    uid, gid = (int(part) for part in stage.user.split(":"))
    for path in ("/tmp", *stage.volumes):
        _mount("-t", "tmpfs", "tmpfs", "-o", f"uid={uid},gid={gid},mode=0750", str(_inside(stage, path)))
    _mount("-o", "remount,bind,ro", str(stage.root))
    for path in _SEEN_THROUGH:
        _mount("-o", "remount,ro", str(stage.root / path))
    home = stage.volumes[0]
    sizes = "--restaurants 60 --diners 200 --days 3 --markets 1 --seed 1"
    for command in (
        "tablestakes --version",
        "! touch /opt/venv/written 2>/dev/null",
        f"tablestakes generate {sizes} --out {home}/city",
        f"tablestakes train {home}/city",
    ):
        print(f"as {stage.user}, read-only: {command}", flush=True)
        done = subprocess.run(_command(stage, ["sh", "-c", command]), capture_output=True, text=True, check=False)
        if done.returncode:
            raise StepError("\n".join((done.stderr or done.stdout).splitlines()[-15:]))
    serve = subprocess.Popen(
        _command(stage, ["tablestakes", "serve", "--host", "127.0.0.1", "--port", "8000"]),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        until = time.monotonic() + _READY_SECONDS
        while subprocess.run(_command(stage, stage.health), capture_output=True, check=False).returncode:
            if serve.poll() is not None or time.monotonic() > until:
                serve.kill()
                said = serve.stderr.read() if serve.stderr else ""
                raise StepError("the server is not healthy:\n" + "\n".join(said.splitlines()[-15:]))
            time.sleep(1.0)
        print("HEALTHCHECK is content", flush=True)
    finally:
        serve.terminate()
        serve.wait(30)


def _command(stage: Stage, words: Sequence[str], more: Mapping[str, str] | None = None) -> list[str]:
    """A command in the stage's root, as its user, with its environment alone."""
    uid, gid = stage.user.split(":")
    given = [f"{name}={value}" for name, value in ({"HOME": "/tmp"} | stage.env | dict(more or {})).items()]
    inside = ["setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups", "--no-new-privs", "env", "-i", *given]
    place = shlex.quote(stage.workdir)
    return ["chroot", str(stage.root), *inside, "sh", "-c", f'cd {place} && exec "$@"', "step", *words]


def _inside(stage: Stage, path: str) -> Path:
    return stage.root / path.lstrip("/")


def _keep_owners(before: Path, after: Path, skipped: Sequence[str]) -> None:
    """A copy belongs to whoever copies: give it to whom the original belongs."""
    for path in before.rglob("*"):
        relative = path.relative_to(before)
        if relative.parts[0] not in skipped and not path.is_symlink():
            found = path.stat()
            if (found.st_uid, found.st_gid) != (0, 0):
                os.chown(after / relative, found.st_uid, found.st_gid)


def _mount(*words: str) -> None:
    done = subprocess.run(["mount", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise StepError(f"mount {' '.join(words)}: {done.stderr.strip()}")


def main(argv: Sequence[str] | None = None) -> int:
    """Build and use; 1 where a step fails, 2 where this machine cannot do it."""
    parser = argparse.ArgumentParser(prog="scripts/image_steps.py", description=(__doc__ or "").partition(":")[0])
    parser.add_argument("stage", nargs="?", default="runtime")
    parser.add_argument("--dockerfile", type=Path, default=ROOT / "Dockerfile")
    parser.add_argument("--bind", type=Path, action="append", default=[], metavar="PATH")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args(argv)
    if not chosen.inside:
        if os.name != "posix" or not hasattr(os, "geteuid") or os.geteuid() or shutil.which("unshare") is None:
            print("needs Linux, root and `unshare`", file=sys.stderr)
            return 2
        given = sys.argv[1:] if argv is None else list(argv)
        command = [
            "unshare",
            "--mount",
            "--pid",
            "--fork",
            "--kill-child",
            sys.executable,
            __file__,
            "--inside",
            *given,
        ]
        with tempfile.TemporaryDirectory(prefix="image-steps-") as folder:
            return subprocess.run(command, env={**os.environ, "IMAGE_STEPS": folder}, check=False).returncode
    folder = Path(os.environ["IMAGE_STEPS"])
    try:
        # An overlay's upper layer cannot lie on an overlay, nor in a folder that is shared with the outside.
        _mount("-t", "tmpfs", "tmpfs", str(folder))
        stage = Builder(folder, chosen.dockerfile.resolve(), [path.resolve() for path in chosen.bind]).build(
            chosen.stage
        )
        if stage.health:
            use(stage)
    except StepError as error:
        print(f"FAILED: {error}", file=sys.stderr)
        return 1
    print(f"{chosen.stage}: every step was done")
    return 0


if __name__ == "__main__":
    sys.exit(main())
