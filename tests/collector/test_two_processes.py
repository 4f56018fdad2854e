"""A run in two processes makes the bundle that one makes alone, byte for byte, and its audit says the same."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from claude_evidence import second, sharing
from claude_evidence.collector import definitions, hosts
from claude_evidence.collector._types import Identity, Kind, Options
from claude_evidence.collector.audit import audit
from claude_evidence.collector.collect import collect
from claude_evidence.sharing import _Shares
from tests.collector.planted import IDENTITIES, make_zip
from tests.collector.run_helpers import LOGS, members, state, tree

pytestmark = pytest.mark.skipif(second.cores() < 2, reason="one core: there is never a second process")
Taken = Callable[[_Shares[object, object]], int | None]
_TIME = re.compile(
    rb'"(?:bundle_id|[a-z]+_at)": "[^"]*"|Bagging-Date: .*|[0-9a-f]{64}  data/(?:state|collection)[^\n]*'
)
_HASH_OF_STATE = re.compile(rb'("member": "data/state/[^"]*",\s*"sha256": )"[0-9a-f]{64}"')


def _is_main() -> bool:
    return threading.current_thread() is threading.main_thread()


def _elsewhere(take: Taken) -> Taken:
    """Return a way of taking shares by which the second process gets them all."""
    return lambda shares: None if _is_main() else take(shares)


def _by_turns(take: Taken) -> Taken:
    """Return a way of taking shares by which the second process gets every other one."""

    def taken(shares: _Shares[object, object]) -> int | None:
        while not _is_main() and shares._next % 2 and shares._next < len(shares):
            time.sleep(0.001)
        return take(shares) if not _is_main() or shares._next % 2 else None

    return taken


@pytest.fixture(params=[_elsewhere, _by_turns])
def share(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Return what lets everything be shared from then on, each job by itself."""

    def begin() -> None:
        monkeypatch.setattr(sharing, "ENOUGH_BYTES", 0)
        monkeypatch.setattr(sharing, "_SHARE_BYTES", 0)
        monkeypatch.setattr(_Shares, "_taken", request.param(_Shares._taken))

    return begin


def test_the_bundle_is_the_same(tmp_path: Path, share: Callable[[], None]) -> None:
    root = tree(tmp_path)
    with (root / LOGS / "main.log").open("ab") as log:
        log.write(b"2026-05-02 10:00:00 [info] Signed in as Alice@Example.org\n" * 50)
    (root / LOGS / "main1.log").write_bytes(b"2026-05-01 10:00:00 [info] Signed in as alice@example.org\n" * 50)
    before = state(root)
    alone = _collected(root, tmp_path / "alone" / "case.zip", tmp_path / "key")
    share()
    assert _collected(root, tmp_path / "shared" / "case.zip", tmp_path / "key") == alone
    assert state(root) == before


def _collected(root: Path, destination: Path, key: Path) -> tuple[list[tuple[str, bytes]], object]:
    destination.parent.mkdir()
    collect(definitions.load(), hosts.image(root), destination, Options(key_path=key))
    mapping = json.loads(destination.with_name("case.mapping.json").read_bytes())
    assert sorted(path.name for path in destination.parent.iterdir()) == ["case.mapping.json", "case.zip"]
    held = [(name, _timeless(data)) for name, data in members(destination).items() if name != "tagmanifest-sha256.txt"]
    return held, mapping["tokens"]


def _timeless(data: bytes) -> bytes:
    return _TIME.sub(b"", _HASH_OF_STATE.sub(rb"\1", data))


def test_the_audit_finds_the_same(tmp_path: Path, share: Callable[[], None]) -> None:
    values = [i.value.encode() for i in IDENTITIES if i.kind in (Kind.USER, Kind.EMAIL, Kind.SID)]
    given = {f"data/files/{n}.log": b"2026-05-02 [info] for " + value + b" now\n" for n, value in enumerate(values * 9)}
    given |= {f"data/files/{n}-clean.log": b"nothing\n" for n in range(20)}
    bundle = make_zip(tmp_path / "bundle.zip", given)
    heard: list[tuple[str, int, int]] = []
    alone = audit(bundle, IDENTITIES)
    share()
    found = audit(bundle, IDENTITIES, progress=lambda *told: heard.append(told))
    assert found == alone
    assert len(found) >= len(values) * 9
    assert [name for name, _, _ in heard][: len(given)] == list(given)


def test_a_bundle_that_is_none_is_said_to_be(tmp_path: Path, share: Callable[[], None]) -> None:
    share()
    (tmp_path / "bundle.zip").write_bytes(b"no zip at all")
    (leak,) = audit(tmp_path / "bundle.zip", [Identity(Kind.USER, "alice", True)])
    assert (leak.member, leak.kind) == ("the bundle", "unreadable")
