"""The reference pages are what the code says."""

import importlib.util
import json
import re
from pathlib import Path
from textwrap import indent
from types import ModuleType

import pytest
import typer.main

from services.cli.main import app

ROOT = Path(__file__).parent.parent.parent


def reference() -> ModuleType:
    spec = importlib.util.spec_from_file_location("reference", ROOT / "scripts" / "reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["cli.md", "api.md", "openapi.json", "metrics.md", "events.md"])
def test_a_page_is_what_the_code_says(name: str) -> None:
    made: str = reference().pages()[name]
    assert (ROOT / "docs" / "reference" / name).read_text() == made, "run: python scripts/reference.py"


def test_every_operation_and_command_has_its_line() -> None:
    pages: dict[str, str] = reference().pages()
    for part in ("`GET /v1/recommendations`", "`PUT /v1/freeze`", "infra, admin"):
        assert part in pages["api.md"]
    for part in ("`tablestakes releases promote`", "| `--restaurants int 2..200000` | `1000` |"):
        assert part in pages["cli.md"]


def test_an_api_that_breaks_its_clients_is_not_written_unless_that_is_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    script = reference()
    monkeypatch.setattr(script, "PAGES", tmp_path)
    kept = tmp_path / "openapi.json"
    known = json.loads((ROOT / "docs" / "reference" / "openapi.json").read_text())
    known["paths"]["/v1/crumbs"] = {"get": {"operationId": "getCrumbs", "responses": {}}}
    kept.write_text(json.dumps(known))

    assert script.main(["--breaks"]) == 1
    assert script.main([]) == 1
    assert "breaks clients: GET /v1/crumbs is gone" in capsys.readouterr().err
    assert [file.name for file in tmp_path.iterdir()] == ["openapi.json"]

    assert script.main(["--accept-breaks"]) == 0
    assert script.main(["--check"]) == script.main(["--breaks"]) == 0
    assert "/v1/crumbs" not in kept.read_text()


PAGES = [ROOT / "README.md", *sorted(page for page in (ROOT / "docs").rglob("*.md") if page.parent.name != "reference")]


def commands() -> dict[str, set[str]]:
    """Command path -> its options."""
    group = typer.main.get_command(app)
    found = {}
    for path, command in reference()._commands(group, "tablestakes"):
        options = {name for one in command.params for name in (*one.opts, *one.secondary_opts)}
        found[path] = {"-h", "--help", "-v"} | options
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_that_a_page_tells_exist_with_their_options(page: Path) -> None:
    known = commands()
    for line in told(page.read_text()):
        words = re.split(r"[^\w./:=<>|{}*\-]+", line)
        wanted = next((path for n in (3, 2) if (path := " ".join(words[:n])) in known), None)
        several = {path for path in known if path.startswith(" ".join(words[:2]) + " ")}
        assert wanted or (several and (len(words) < 3 or not words[2].isalpha() or "|" in words[2])), line
        options = {word.split("=")[0] for word in words if re.fullmatch(r"--?[a-z][\w-]*(=.*)?", word)}
        if wanted:
            assert options <= known[wanted], line


def told(text: str) -> list[str]:
    """Command lines of code blocks, without comments and without what follows `&&`, a pipe or `>`."""
    text = re.sub(r"^```\w*\n(.*?)^```", lambda block: indent(block[1], " " * 4), text, flags=re.MULTILINE | re.DOTALL)
    lines = re.findall(r"^ {4,}(?:.*&& )?(tablestakes [a-z].*)$", text.replace("\\\n", " "), re.MULTILINE)
    return [re.split(r"\s#|\s&&|\s>|\s\||\s{3,}", line)[0].strip() for line in lines]
