"""What the documents say is there is there, and what is there is documented."""

import re
from pathlib import Path

import pytest

from services.monitoring.metrics import Metrics
from services.monitoring.worker_metrics import WorkerMetrics
from services.settings import Settings

ROOT = Path(__file__).parent.parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def test_every_setting_is_documented_with_its_default() -> None:
    page = (ROOT / "docs" / "settings.md").read_text()

    for name, field in Settings.model_fields.items():
        row = next(line for line in page.splitlines() if f"`TABLESTAKES_{name.upper()}`" in line)
        shown = row.split("|")[2].strip().strip("`")
        assert shown == {"": "(empty)"}.get(str(field.default), str(field.default)), name
    named = set(re.findall(r"TABLESTAKES_([A-Z_]+)", page))
    assert named == {name.upper() for name in Settings.model_fields}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_pages_name_no_machine_and_leave_no_gap(page: Path) -> None:
    text = page.read_text()

    assert not re.search(r"/(?:tmp|work|root|home)/", text)
    assert not re.search(r"^(?:FIGURES|SCORECARD|CALLS)$", text, re.MULTILINE)


def test_files_that_the_documents_name_exist() -> None:
    pattern = re.compile(r"`((?:data|models|services|loadtests|tests|docs|scripts|ops)/[\w./-]+\.\w+)`")
    for page in PAGES:
        for name in pattern.findall(page.read_text()):
            assert (ROOT / name).exists(), f"{page.name}: {name}"


def test_commands_of_the_readme_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"make ([a-z-]+)", (ROOT / "README.md").read_text()):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_metrics_are_documented_with_their_labels() -> None:
    rows = [line.split("|") for line in (ROOT / "docs" / "monitoring.md").read_text().splitlines() if "|" in line]
    documented = {
        row[1].strip().strip("`"): row[2].replace("`", "").strip() for row in rows if "tablestakes_" in row[1]
    }
    exposed = {}
    for registry in (Metrics().registry, WorkerMetrics().registry):
        for metric in registry._collector_to_names:
            for family in metric.describe():
                name = family.name + ("_total" if family.type == "counter" else "")
                exposed[name] = ", ".join(metric._labelnames)

    assert documented == exposed
