"""What the bad days came to: lines for a terminal, JSON, and one page of HTML that needs nothing else."""

import json
from collections.abc import Sequence
from html import escape
from pathlib import Path

from loadtests.chaos.promises import Check, Report
from loadtests.provenance import provenance

_STYLE = (
    "body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:62rem;padding:0 1rem}"
    "table{border-collapse:collapse;width:100%;margin:0 0 2rem}td,th{text-align:left;padding:.3rem .6rem;"
    "border-bottom:1px solid #ddd;vertical-align:top}.no{color:#b00020;font-weight:600}.aside{color:#666}"
)


def lines(report: Report) -> list[str]:
    """One day as lines of text."""
    text = [f"{report.name}: {report.title} ({report.seconds:.0f} s)"]
    text += [f"  {_word(check):<8}{check.promise:<68}{check.seen}" for check in report.checks]
    if report.failure:
        text.append(f"  BROKE OFF  {report.failure}")
    return text


def summary(reports: Sequence[Report]) -> str:
    """All days in one line."""
    checks = [check for report in reports for check in report.checks]
    broken = [report.name for report in reports if report.failure]
    missed = sum(not check.kept for check in checks)
    text = f"{len(reports)} bad days, {len(checks)} promises, {missed} not kept"
    return text + (f"; broke off: {', '.join(broken)}" if broken else "")


def _word(check: Check) -> str:
    if check.kept:
        return "kept"
    return "missed" if check.timed else "BROKEN"


def write_json(path: Path, reports: Sequence[Report], *, quick: bool) -> None:
    """All figures, with where they come from."""
    document = {"quick": quick, "days": [report.as_json() for report in reports], "provenance": provenance()}
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def write_html(path: Path, reports: Sequence[Report], *, quick: bool) -> None:
    """The table as a page."""
    origin = provenance()
    form = "short form" if quick else "full form"
    body = [f"<h1>Bad days</h1><p>{escape(summary(reports))}; {form}</p>"]
    for report in reports:
        body.append(f"<h2>{escape(report.title)}</h2>")
        if report.failure:
            body.append(f'<p class="no">{escape(report.failure)}</p>')
        body.append("<table><tr><th>promise</th><th>seen</th><th></th></tr>")
        body += [_row(check) for check in report.checks]
        body.append("</table>")
    body.append(f'<p class="aside">{escape(str(origin["at"]))}, commit {escape(str(origin["commit"]))}</p>')
    head = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Bad days</title><style>{_STYLE}</style>'
    path.write_text(head + "\n".join(body) + "</html>\n", encoding="utf-8")


def _row(check: Check) -> str:
    kind = "" if check.kept else ' class="no"'
    return f"<tr><td>{escape(check.promise)}</td><td>{escape(check.seen)}</td><td{kind}>{_word(check)}</td></tr>"
