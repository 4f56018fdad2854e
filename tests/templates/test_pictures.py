"""The page on the report shows every picture that is made, and no other."""

from __future__ import annotations

import re

from tests.templates.pictures import FOLDER, PICTURES


def test_page_and_pictures_agree() -> None:
    shown = re.findall(r"\(images/([a-z-]+)\.png\)", (FOLDER.parent / "report.md").read_text("utf-8"))
    names = [picture.name for picture in PICTURES]
    assert sorted(shown) == sorted(names) == sorted(path.stem for path in FOLDER.glob("*.png"))
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in FOLDER.iterdir())
