"""Headers, types and limits of what the console serves; no browser needed."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

import services.console
from services.console.docs import mount_docs
from services.console.routes import mount

HERE = Path(services.console.__file__).parent
OWN_FILES = sorted(path for folder in ("pages", "static") for path in (HERE / folder).rglob("*") if path.is_file())
SCRIPTS = HERE / "static" / "js"
VIEWS = sorted((SCRIPTS / "views").glob("*.js"))


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    app = FastAPI(docs_url=None, redoc_url=None, title="a title")
    mount(app)
    mount_docs(app)
    with TestClient(app) as client:
        yield client


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/docs", "text/html; charset=utf-8"),
        ("/static/js/main.js", "text/javascript; charset=utf-8"),
        ("/static/css/base.css", "text/css; charset=utf-8"),
        ("/static/icon.svg", "image/svg+xml"),
        ("/docs/swagger-ui/swagger-ui-bundle.js", "text/javascript; charset=utf-8"),
    ],
)
def test_each_file_has_its_type_and_the_strict_headers(client: TestClient, path: str, kind: str) -> None:
    answer = client.get(path)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == kind
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == "'none'"


def test_an_unchanged_file_is_not_sent_again(client: TestClient) -> None:
    first = client.get("/static/js/main.js")
    again = client.get("/static/js/main.js", headers={"If-None-Match": first.headers["etag"]})

    assert first.headers["cache-control"] == "no-cache"
    assert again.status_code == 304
    assert again.content == b""


def test_the_page_answers_head_and_refuses_post(client: TestClient) -> None:
    assert client.head("/").status_code == 200
    assert client.head("/").content == b""
    assert client.post("/").status_code == 405
    assert client.post("/static/icon.svg").status_code == 405


@pytest.mark.parametrize(
    "path",
    [
        "/static/",
        "/static/js",
        "/static/js/none.js",
        "/static/%2e%2e/routes.py",
        "/static/..%2f..%2fsettings.py",
        "/static/%00.js",
        "/static/js/" + "a" * 300 + ".js",
        "/docs/swagger-ui/swagger-ui-bundle.js.map",
        "/docs/swagger-ui/index.j2",
    ],
)
def test_what_is_no_file_of_a_page_is_not_found(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_the_pages_are_not_part_of_the_api(client: TestClient) -> None:
    assert client.get("/openapi.json").json()["paths"] == {}
    assert client.get("/docs/openapi-3.0.json").json()["info"]["title"] == "a title"


def test_no_file_names_another_origin() -> None:
    allowed = "http://www.w3.org/2000/svg"  # a name, not an address
    for path in OWN_FILES:
        found = set(re.findall(r"(?:https?:)?//[a-z0-9-]+\.[a-z0-9./-]+", path.read_text()))
        assert {url for url in found if not url.endswith(allowed.removeprefix("http:"))} == set(), path.name


def test_pages_hold_nothing_inline() -> None:
    for path in OWN_FILES:
        if path.suffix == ".html":
            assert re.findall(r"<script(?![^>]*\bsrc=)|<style|\son[a-z]+=|\sstyle=|javascript:", path.read_text()) == []


def test_every_file_that_a_page_or_module_names_exists(client: TestClient) -> None:
    for path in OWN_FILES:
        text = path.read_text()
        for name in re.findall(r"(?:src|href)=\"(/(?:static|docs/)[^\"]*)\"", text):
            assert client.get(name).status_code == 200, f"{path.name}: {name}"
        for name in re.findall(r"from \"(\.[\w./]+)\"", text):
            assert (path.parent / name).exists(), f"{path.name}: {name}"


def reached(*modules: Path) -> set[Path]:
    """These modules and all that they import."""
    found, open_ones = set(), list(modules)
    while open_ones:
        path = open_ones.pop().resolve()
        if path not in found:
            found.add(path)
            open_ones += [path.parent / name for name in re.findall(r"from \"(\.[\w./]+)\"", path.read_text())]
    return found


@pytest.mark.parametrize("view", VIEWS, ids=lambda path: path.stem)
def test_the_script_of_each_view_is_light(view: Path) -> None:
    taken = sum(path.stat().st_size for path in reached(SCRIPTS / "main.js", view))
    assert taken < (100_000 if view.stem == "diner" else 150_000)


def test_no_module_is_long() -> None:
    assert max(len(path.read_text().splitlines()) for path in OWN_FILES if path.suffix == ".js") <= 300
