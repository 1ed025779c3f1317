"""The reference pages are what the code says."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent.parent


def reference() -> ModuleType:
    spec = importlib.util.spec_from_file_location("reference", ROOT / "scripts" / "reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["cli.md", "api.md", "metrics.md", "events.md"])
def test_a_page_is_what_the_code_says(name: str) -> None:
    made: str = reference().pages()[name]
    assert (ROOT / "docs" / "reference" / name).read_text() == made, "run: python scripts/reference.py"


def test_every_operation_and_command_has_its_line() -> None:
    pages: dict[str, str] = reference().pages()
    for part in ("`GET /v1/recommendations`", "`PUT /v1/freeze`", "infra, admin"):
        assert part in pages["api.md"]
    for part in ("`tablestakes releases promote`", "`tablestakes generate`", "| `--restaurants int 2..200000` | `1000` |"):
        assert part in pages["cli.md"]
