"""The page of the console: one file that lets no other script in, and reads nothing of a stranger as HTML."""

from __future__ import annotations

import base64
import hashlib
import re
from importlib.resources import files

from emulator.console.page import SCRIPTS, STYLES, live_page, live_policy
from emulator.standard.release import load_release

READS_HTML = (
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|setHTML|createContextualFragment"
)


def static(name: str) -> str:
    return files("emulator.console").joinpath("static", name).read_text(encoding="utf-8")


def test_every_script_and_style_of_the_folder_is_in_the_page() -> None:
    names = {each.name for each in files("emulator.console").joinpath("static").iterdir()}
    assert names == {*SCRIPTS, *STYLES}
    page = live_page(load_release()).decode()
    assert all(static(name) in page for name in names)


def test_its_policy_lets_in_its_own_script_and_asks_nobody_but_the_console() -> None:
    code = re.findall(r"<script>(.*?)</script>", live_page(load_release()).decode(), re.DOTALL)
    assert len(code) == 1
    digest = base64.b64encode(hashlib.sha256(code[0].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}';" in live_policy(load_release())
    assert "connect-src 'self'" in live_policy(load_release())
    assert "default-src 'none'" in live_policy(load_release())


def test_no_script_reads_text_as_html() -> None:
    assert [name for name in SCRIPTS if re.search(READS_HTML, static(name))] == []
