"""Entity tags and the versions they stand for."""

from __future__ import annotations

import pytest

from servicekit.etag import etag, version_of


@pytest.mark.parametrize("version", [1, 7, 10**17])
def test_a_tag_stands_for_its_version(version: int) -> None:
    assert version_of(etag(version)) == version


@pytest.mark.parametrize(
    "tag", ["", "1", '"1', 'W/"1"', '""', '"1" ', '"1"\n', '"-1"', '"01"', '"0"', '"1234567890123456789"', '"१"']
)
def test_anything_else_is_no_tag_of_ours(tag: str) -> None:
    assert version_of(tag) is None
