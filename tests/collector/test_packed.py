"""Names in base64 and hex are replaced with all of what they are packed in; a bundle is not refused for them."""

from __future__ import annotations

import base64
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_evidence.collector._audit_forms import packed_needles
from claude_evidence.collector._packed import Packed
from claude_evidence.collector._types import Identity, Kind
from tests.collector.run_helpers import LOGS, collect, environment, members, tree

HOST = "DESKTOP-SAMPLE"


def packings(name: str) -> list[str]:
    """Return *name* packed in every way, at every shift."""
    made = []
    for codec in ("utf-8", "utf-16-le"):
        raw = name.encode(codec)
        made += [raw.hex(), raw.hex().upper(), (b"\xff" * 9 + raw).hex()]
        for before in (b"", b"a", b"ab", b"user:"):
            made.append(base64.b64encode(before + raw + b":secret?>").decode())
            made.append(base64.urlsafe_b64encode(before + raw + b"?>~").decode())
    return made


@given(st.sampled_from(["alice", "ALICE"]), st.text("abcdefgh+/é", min_size=8, max_size=20))
def test_all_that_the_audit_looks_for_is_found(first: str, second: str) -> None:
    """Both have their own list of forms: neither may know one that the other does not."""
    identities = [Identity(Kind.USER, first), Identity(Kind.EMAIL, f"{second}@example.org")]
    found = Packed(identities)
    theirs = {needle.data.decode() for identity in identities for needle in packed_needles(identity)}
    assert theirs == found.needles


@given(st.sampled_from(packings(HOST)), st.text("xyz ({\"'", max_size=5))
def test_the_whole_run_is_replaced(packed: str, around: str) -> None:
    found = Packed([Identity(Kind.HOST, HOST)])
    text = f"{around} {packed} {around}"
    ((start, end, new),) = found.spans(text, lambda run: f"<{len(run)}>")
    assert (text[start:end], new) == (packed, f"<{len(packed)}>")
    assert list(found.spans("c29tZXRoaW5nIGVsc2UgZW50aXJlbHk= 0123456789abcdef", str)) == []


@pytest.mark.parametrize("command", ["collect", "redact"])
def test_a_log_with_packed_names_gives_a_bundle(tmp_path: Path, command: str) -> None:
    root = tree(tmp_path)
    with (root / LOGS / "main.log").open("ab") as log:
        for packed in [*packings(HOST), b"alice".hex(), base64.b64encode("alice".encode("utf-16-le")).decode()]:
            log.write(f"2026-05-17 08:30:00 [info] [CCD] header: Basic {packed} end\r\n".encode())
        log.write(f"2026-05-17 08:31:00 [info] [CCD] started on {HOST}\r\n".encode())
    bundle = tmp_path / "case.zip"
    if command == "collect":
        done = collect(root, bundle)
    else:
        line = [sys.executable, "-m", "claude_evidence", "redact", str(root), "-o", str(bundle)]
        done = subprocess.run(line, capture_output=True, text=True, env=environment(tmp_path / "home"))
    assert done.returncode == 0, done.stderr
    (text,) = [data.decode() for name, data in members(bundle).items() if name.endswith("main.log")]
    assert HOST not in text
    assert not [packed for packed in packings(HOST) if packed in text]
    lines = [line for line in text.splitlines() if "header: Basic" in line]
    assert len(lines) == len(packings(HOST)) + 2
    assert all(re.search("(?:value|secret)-[0-9a-f]{6}", line) for line in lines), lines
    assert (tmp_path / "case.mapping.json").exists()
