"""The pictures of docs/report.md, made from the samples by a real browser.

    python -m tests.templates.pictures

Each shows one part of a sample's report as it looks once a reader has opened it.
"""

from __future__ import annotations

import base64
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from claude_evidence.templates.render import render
from tests.sample_sides import sample, side
from tests.templates.browsing import prefer, started

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "images"
STORY = "[...document.querySelectorAll('.tools button')].find(one => one.textContent.includes('matter')).click();"
MARGIN = 16
PLACE = """
const part = document.querySelector(arguments[0]), box = part.getBoundingClientRect();
return [box.left + scrollX, box.top + scrollY, box.width, box.height];
"""


@dataclass(frozen=True, slots=True)
class Picture:
    """Part *selector* of the report on *sample*, after *script* has run, *height* pixels of it at most."""

    name: str
    sample: str
    selector: str
    script: str = ""
    height: int = 900
    width: int = 1100
    scheme: str = "light"


PICTURES = (
    Picture("verdict", "update-breaks-launch", ".verdict", height=1100),
    Picture("timeline", "update-breaks-launch", ".chart", STORY),
    Picture("moments", "update-breaks-launch", "#timeline"),
    Picture("finding", "update-breaks-launch", "article.finding", height=1000),
    Picture("evidence", "update-breaks-launch", "details.evidence", "document.querySelector('.evidence').open = true;"),
    Picture("storm", "exdev-storm-second-drive", "details.spread", "document.querySelector('.spread').open = true;"),
    Picture(
        "conversations",
        "sessions-catalogue",
        "#conversations",
        "document.querySelector('#conversations details').open = true;",
    ),
    Picture("packages", "launch-catalogue", "#packages"),
    Picture("boots", "update-breaks-launch", "#boots"),
    Picture(
        "search",
        "exdev-storm-second-drive",
        "#evidence",
        "const field = document.querySelector('#evidence input'); field.value = 'exdev 00:0';"
        "field.dispatchEvent(new Event('input'));",
    ),
    Picture("not-judged", "exdev-storm-second-drive", "#not-judged"),
    Picture("custody", "update-breaks-launch", "#custody"),
    Picture("narrow-dark", "all-null-session", "body", width=360, height=1300, scheme="dark"),
)


def take(driver: Any, picture: Picture, folder: Path) -> bytes:
    """Return *picture* as PNG."""
    page = folder / f"{picture.sample}.html"
    page.write_text(render(side(sample(picture.sample)).report), "utf-8")
    prefer(driver, picture.scheme, picture.width)
    driver.get(page.as_uri())
    driver.execute_script(f"document.documentElement.style.scrollBehavior = 'auto'; {picture.script}")
    driver.execute_async_script("setTimeout(arguments[0], 400)")
    x, y, width, height = driver.execute_script(PLACE, picture.selector)
    left, top = max(x - MARGIN, 0), max(y - MARGIN, 0)
    size = {"width": min(width + 2 * MARGIN, picture.width), "height": min(height, picture.height) + 2 * MARGIN}
    clip = {"x": left, "y": top, **size, "scale": 1}
    shot = driver.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True, "clip": clip})
    return base64.b64decode(shot["data"])


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        driver = started(Path(name) / "profile")
        for picture in PICTURES:
            (FOLDER / f"{picture.name}.png").write_bytes(take(driver, picture, Path(name)))
        driver.quit()


if __name__ == "__main__":
    main()
