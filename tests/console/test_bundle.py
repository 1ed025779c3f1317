"""Modules as one script, and the page that is made of it."""

from pathlib import Path
from typing import Any

import pytest

from services.console.bundle import BundleError, bundled
from services.console.exported import exported_page

DATA: dict[str, Any] = {"market": {"market": "a", "title": "Al</script><b>der", "currency": "EUR"}}


def modules(folder: Path, **texts: str) -> Path:
    for name, text in texts.items():
        (folder / f"{name}.js").write_text(text)
    return folder / "entry.js"


def test_a_module_comes_once_and_after_what_it_imports(tmp_path: Path) -> None:
    entry = modules(
        tmp_path,
        entry='import { two } from "./two.js";\nimport { ONE as first, one } from "./one.js";\none(two(first));\n',
        two='import { one } from "./one.js";\n\nexport async function two() {\n  return one();\n}\n',
        one="export const ONE = 1;\nexport function one() {}\nexport class Third {}\n",
    )
    script = bundled(entry)
    assert script.count("function one()") == 1
    assert script.index("const ONE") < script.index("async function two") < script.index("one(two(first))")
    assert "const { ONE: first, one } = module_0;" in script
    assert "return { ONE, one, Third };" in script
    assert "import" not in script
    assert "export" not in script


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("export default function () {}", "export default"),
        ('import everything from "./one.js";', "import everything"),
        ("export { one };", "export { one }"),
        ("export let one = 1;", "export let one"),
        ('const late = () => import("./one.js");', "import("),
        ('import { two } from "./entry.js";', "imports itself"),
    ],
)
def test_what_is_not_understood_is_refused(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(BundleError) as refused:
        bundled(modules(tmp_path, entry=text, one=""))
    assert words in str(refused.value)


def test_a_name_cannot_end_the_script_that_tells_it() -> None:
    page = exported_page(DATA)
    assert page.count("</script>") == 2
    assert "<b>der" not in page
    assert "The table of Al&lt;/script&gt;&lt;b&gt;der" in page
    assert "default-src 'none'; script-src 'sha256-" in page
    assert "unsafe" not in page
