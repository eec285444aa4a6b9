"""What every answer carries, and the files that browsers keep."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from servicekit.settings import SettingsError
from services.console import assets
from services.console.protection import HEADERS
from services.console.settings import Settings

VENDOR = assets.STATIC / "vendor"
MANIFEST = json.loads((VENDOR / "manifest.json").read_text())
TEMPLATES = sorted((assets.STATIC.parent / "templates").rglob("*.html"))


@pytest.mark.parametrize("path", ["/console/sign-in", "/console/customers", "/console/nowhere", "/console/static/x/y"])
def test_every_answer_carries_the_policy(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"


def test_files_are_kept_by_the_digest_in_their_address(client: FlaskClient) -> None:
    address = assets.address("console.css")
    answer = client.get(address)
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.data == (assets.STATIC / "console.css").read_bytes()
    packed = client.get(address, headers={"Accept-Encoding": "gzip"})
    assert gzip.decompress(packed.data) == answer.data
    assert client.get("/console/static/old/console.css").headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("name", ["../app.py", "..%2fapp.py", "nothing.css", "vendor", ""])
def test_other_files_are_not_served(client: FlaskClient, name: str) -> None:
    assert client.get(f"/console/static/x/{name}").status_code == 404


def test_others_files_are_as_they_were_published() -> None:
    named = set()
    for package in MANIFEST["packages"]:
        assert package["version"]
        assert package["project"].startswith("https://")
        assert (VENDOR / package["licence_text"]).read_text()
        named.add(package["licence_text"])
        for name, digest in package["files"].items():
            assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == digest, name
            named.add(name)
    present = {str(path.relative_to(VENDOR)) for path in VENDOR.rglob("*") if path.is_file()}
    assert present - {"manifest.json"} == named


def test_no_icon_is_kept_that_nothing_shows() -> None:
    sources = [*TEMPLATES, *(assets.STATIC.parent / "views").glob("*.py"), assets.STATIC.parent / "panels.py"]
    text = "\n".join(path.read_text() for path in sources)
    assert [path.stem for path in assets.ICONS.glob("*.svg") if f'"{path.stem}"' not in text] == []


@pytest.mark.parametrize("template", TEMPLATES, ids=[path.name for path in TEMPLATES])
def test_no_template_holds_script_style_or_handlers(template: Path) -> None:
    text = re.sub(r"{#.*?#}", "", template.read_text(), flags=re.DOTALL)
    assert re.findall(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=|\shx-on|javascript:|\|safe\b", text) == []


def test_what_a_page_asks_for_is_all_our_own(client: FlaskClient) -> None:
    addresses = re.findall(r'(?:src|href|action|hx-get)="([^"]*)"', client.get("/console/customers").text)
    assert addresses
    assert all(address.startswith(("/console", "#")) for address in addresses)


@pytest.mark.parametrize("path", ["/console/sign-in", "/console/customers"])
def test_whoever_runs_no_scripts_is_told(client: FlaskClient, path: str) -> None:
    told = client.get(path).text.partition("<noscript>")[2].partition("</noscript>")[0]
    assert "needs JavaScript" in told


def test_the_first_page_is_small(client: FlaskClient) -> None:
    page = client.get("/console/customers")
    files = [client.get(found) for found in set(re.findall(r'"(/console/static/[^"]+)"', page.text))]
    assert len(page.data) + sum(len(file.data) for file in files) < 1_000_000


@pytest.mark.parametrize("given", [{"secret": "short"}, {"secret": "x" * 32, "gateway_url": "gateway:80"}], ids=str)
def test_a_wrong_setting_is_told(given: dict[str, str]) -> None:
    with pytest.raises(SettingsError):
        Settings(**given)  # type: ignore[arg-type]
