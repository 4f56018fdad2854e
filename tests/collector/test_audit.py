"""The audit finds one value that is left, in every form and place, and says so without repeating it."""

from __future__ import annotations

import ast
import io
import random
import zipfile
from collections.abc import Callable, Mapping
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_evidence.collector import audit as audit_module
from claude_evidence.collector._types import Identity, Kind
from claude_evidence.collector.audit import Leak, audit
from tests.collector.planted import ENCODERS, IDENTITIES, make_zip, written

CLEAN = (
    "2026-05-02 10:11:12 [info] Starting app {\r\n  appVersion: '1.52386.6',\r\n}\r\n"
    r"2026-05-02 10:11:13 [error] Failed to save session local_0a1b: EXDEV, 'C:\Users\user-3fa94c\AppData'"
    "\r\n2026-05-02 10:11:14 [info] Using host-00aa11 as user-3fa94c (name-aa11bb) org-112233 title-00ff00 (12)"
    '\r\n{"cwd":"C:\\\\Users\\\\user-3fa94c\\\\path-0a0a0a","n":"café %20 \\u00e4 100%"}\r\n'
).encode()
PLACES: Mapping[str, Callable[[bytes], bytes]] = {
    "line": lambda value: b"2026-05-02 10:11:12 [info] for " + value + b" now\r\n",
    "path": lambda value: b"open C:\\Users\\" + value + b"\\AppData\n",
    "JSON": lambda value: b'{"a":1,"b":"' + value + b'","c":[true]}',
    "part": lambda value: b"x_" + value + b"_backup.tar",
    "behind an escape": lambda value: b'{"text":"a line\\n' + value + b'\\r\\nanother"}',
    "behind a NUL": lambda value: b"\0\0\0" + value + b"\0\0",
    "long line": lambda value: b"word " * 300_000 + value + b" word" * 1000,
}


def _found(
    members: Mapping[str, bytes], folder: Path, identities: tuple[Identity, ...] = IDENTITIES
) -> set[tuple[str, str]]:
    return {(leak.member, leak.kind) for leak in audit(make_zip(folder / "bundle.zip", members), identities)}


def test_clean_bytes_pass(tmp_path: Path) -> None:
    everywhere = {f"data/files/C/Users/user-3fa94c/{place}": make(CLEAN) for place, make in PLACES.items()}
    assert audit(make_zip(tmp_path / "bundle.zip", everywhere), IDENTITIES, redact_ips=True) == ()


@pytest.mark.parametrize("encoding", ENCODERS)
def test_every_value_is_found_in_every_form_and_place(encoding: str, tmp_path: Path) -> None:
    members, expected = {}, set()
    for (number, identity), (place, make) in product(enumerate(IDENTITIES), PLACES.items()):
        value = written(identity, encoding)
        if value is None or (place == "long line" and number):
            continue
        name = f"data/files/{number}-{place}.log"
        members[name] = CLEAN + make(value) + CLEAN
        expected.add((name, identity.kind.value))
    missed = expected - _found(members, tmp_path)
    assert expected
    assert not missed, f"as {encoding} the audit misses {sorted(missed)}"


@pytest.mark.parametrize("identity", IDENTITIES, ids=lambda identity: identity.kind)
def test_a_name_that_is_left_is_found_and_not_repeated(identity: Identity, tmp_path: Path) -> None:
    for encoding in ("UTF-8", "upper", "NFD", "slug", "URL"):
        value = written(identity, encoding)
        if value is None:
            continue
        name = f"data/files/C/a-{value.decode()}/main.log"
        leaks = audit(make_zip(tmp_path / "bundle.zip", {"data/clean.log": CLEAN, name: CLEAN}), IDENTITIES)
        assert identity.kind in [leak.kind for leak in leaks], (encoding, leaks)
        assert {leak.member for leak in leaks} == {"entry 2"}
        assert identity.value.casefold() not in str(leaks).casefold()
        assert value.decode().casefold() not in str(leaks).casefold()


def test_comments_extra_fields_and_gaps_are_read(tmp_path: Path) -> None:
    value = b"quillfeather"
    assert _kinds(make_zip(tmp_path / "a.zip", {"x": CLEAN}, comment=b"by " + value)) == ["user"]
    entry = zipfile.ZipInfo("bundle/x")
    entry.extra = b"\x75\x70" + (5 + len(value)).to_bytes(2, "little") + b"\x01\0\0\0\0" + value
    assert _kinds(_zip_of(tmp_path, entry)) == ["user"]
    entry = zipfile.ZipInfo("bundle/x")
    entry.comment = b"of " + value
    assert _kinds(_zip_of(tmp_path, entry)) == ["user"]
    plain = make_zip(tmp_path / "b.zip", {"x": CLEAN}).read_bytes()
    (tmp_path / "c.zip").write_bytes(b"made by " + value + b" " + plain)
    assert _kinds(tmp_path / "c.zip") == ["user"]


def _zip_of(folder: Path, entry: zipfile.ZipInfo) -> Path:
    with zipfile.ZipFile(folder / "one.zip", "w") as archive:
        archive.writestr(entry, CLEAN)
    return folder / "one.zip"


def _kinds(bundle: Path) -> list[str]:
    return [leak.kind for leak in audit(bundle, IDENTITIES)]


def test_what_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "none.zip").write_bytes(b"no zip at all")
    assert _kinds(tmp_path / "none.zip") == ["unreadable"]
    assert _kinds(tmp_path / "missing.zip") == ["unreadable"]
    bundle = make_zip(tmp_path / "bundle.zip", {"x": random.Random(1).randbytes(5000), "y": b"for quillfeather"})
    damaged = bytearray(bundle.read_bytes())
    damaged[2000] ^= 0xFF
    bundle.write_bytes(damaged)
    assert _kinds(bundle) == ["unreadable", "user"]
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", "quillfeather")
    assert _kinds(make_zip(tmp_path / "nested.zip", {"logs.zip": inner.getvalue()})) == ["unreadable"]


SECRETS = (
    "sk-ant-api03-AAbbCCdd00112233445566778899-xyzXYZ_aaAA",
    "sk-ant-oat01-AAbbCCdd00112233445566778899",
    "sk-ant-ort01-AAbbCCdd00112233445566778899",
    "sk-ant-sid02-AAbbCCdd00112233445566778899",
    "ghp_0123456789abcdefghijABCDEFGHIJ456789",
    "github_pat_11ABCDEFG0abcdefghijkl_mnopqrstuvwxyz",
    "AKIAIOSFODNN7EXAMPLE",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P",
    "Authorization: Bearer abcDEF0123456789abcDEF",
    "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmU\n-----END OPENSSH PRIVATE KEY-----",
    "https://build:correct-horse@git.example/x.git",
)  # fmt: skip


@pytest.mark.parametrize("secret", SECRETS)
def test_secrets_that_nobody_knew_are_found(secret: str, tmp_path: Path) -> None:
    forms = {
        "plain": secret.encode(),
        "JSON": secret.replace("\n", "\\n").encode(),
        "UTF-16": secret.encode("utf-16"),
        "BE": secret.encode("utf-16-be"),
        "u": "".join(f"\\u{ord(c):04x}" if c in "-_.:\n" else c for c in secret).encode(),
    }
    members = {name: CLEAN + b"x=" + data + b"\n" for name, data in forms.items()}
    assert _found(members, tmp_path, ()) == {(name, "secret") for name in members}


def test_tokens_and_placeholders_are_no_secrets(tmp_path: Path) -> None:
    text = b"Authorization: Bearer secret-3fa94c0011aa\nhttps://user-3fa94c:secret-00aa11@x.example\nsk-ant-...\nghp_****\n"
    text += b"Bearer <token goes here>\nhttps://x:y.example/a@b\n-----BEGIN PRIVATE KEY-----\nsecret-3fa94c\n"
    assert audit(make_zip(tmp_path / "bundle.zip", {"x": text}), ()) == ()


def test_addresses_are_found_where_that_is_asked_for(tmp_path: Path) -> None:
    bundle = make_zip(tmp_path / "a.zip", {"x": b"listens on 192.168.17.44:8080\n", "y": b"at [fe80::1c2f:aa]\n"})
    assert audit(bundle, ()) == ()
    assert {leak.member for leak in audit(bundle, (), redact_ips=True)} == {"x", "y"}
    harmless = make_zip(
        tmp_path / "b.zip", {"x": b"127.0.0.1 [::1] 1.52386.6.0 12:30:45 a::b C:: 0.0.0.0 at 10:11:12\n"}
    )
    assert audit(harmless, (), redact_ips=True) == ()


@pytest.mark.parametrize("text", ["malice", "aliceX", "alice2", "chalice-holder", "Aliceä", "éalice", "ALICES"])
def test_a_longer_word_is_no_leak(text: str, tmp_path: Path) -> None:
    members = {codec: f"by {text} today".encode(codec) for codec in ("utf-8", "utf-16-le", "utf-16-be", "cp1252")}
    assert audit(make_zip(tmp_path / "bundle.zip", members), [Identity(Kind.USER, "alice")]) == ()


@pytest.mark.parametrize(
    "text", ["alice_old", "x-alice", "alice.bak", "“alice”", "用户alice的", "alice@x", r"\nalice\n", "%5Calice"]
)
def test_a_name_beside_signs_or_letters_without_case_is_a_leak(text: str, tmp_path: Path) -> None:
    members = {codec: f"by {text} today".encode(codec) for codec in ("utf-8", "utf-16-le", "utf-16-be")}
    assert {
        leak.member for leak in audit(make_zip(tmp_path / "b.zip", members), [Identity(Kind.USER, "alice")])
    } == set(members)


def test_short_names_of_windows_are_found(tmp_path: Path) -> None:
    bundle = make_zip(
        tmp_path / "b.zip", {"x": rb"C:\Users\QUILLF~1\AppData", "y": rb"D:\GEHEIM~2\a", "z": rb"C:\PROGRA~1"}
    )
    identities = [*IDENTITIES, Identity(Kind.PATH, "Program Notes")]
    assert {(leak.member, leak.kind) for leak in audit(bundle, identities)} == {("x", "user"), ("y", "path")}


def test_a_secret_counts_glued_to_anything(tmp_path: Path) -> None:
    bundle = make_zip(tmp_path / "b.zip", {"x": b"keyhunter2xyZ9k4QwLend"})
    assert [leak.kind for leak in audit(bundle, IDENTITIES)] == ["secret"]


def test_a_name_equal_to_the_first_word_of_a_token_passes(tmp_path: Path) -> None:
    identities = [Identity(Kind.PATH, word) for word in ("title", "secret", "account", "domain")]
    bundle = make_zip(tmp_path / "b.zip", {"x": b"account-00aa11 title-3fa94c (3)", "y": b"at secret, now"})
    assert {leak.member for leak in audit(bundle, identities)} == {"y"}


def test_a_large_member_is_read_in_pieces_and_told(tmp_path: Path) -> None:
    calls: list[tuple[str, int, int]] = []
    bundle = tmp_path / "big.zip"
    with zipfile.ZipFile(bundle, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        with archive.open("bundle/big.log", "w") as member:
            for _ in range(40):
                member.write(CLEAN * (1 + (1 << 20) // len(CLEAN)))
            member.write(b"the last line is of quillfeather\n")
        archive.writestr("bundle/small.log", CLEAN)
    leaks = audit(bundle, IDENTITIES, progress=lambda *call: calls.append(call))
    assert [(leak.member, leak.kind) for leak in leaks] == [("big.log", "user")]
    assert [call[0] for call in calls] == ["big.log", "small.log"]
    assert calls[1][1] > 40 << 20


CUTS = (1 << 20, (1 << 20) - 5, (1 << 20) - 11, 2 << 20, (2 << 20) - 6, (2 << 20) - (8 << 10))


@pytest.mark.parametrize("place", CUTS)
@pytest.mark.parametrize("filling", [b"x", b"\xe4\xb8\xad", b"\0a", b"\n"])
def test_values_across_the_cuts_between_pieces_are_found(place: int, filling: bytes, tmp_path: Path) -> None:
    data = (filling * (3 << 20))[: place - 1] + b" quillfeather " + filling * (1 << 20)
    assert _found({"x": data}, tmp_path) == {("x", "user")}


@given(noise=st.binary(max_size=4000), identity=st.sampled_from(IDENTITIES), encoding=st.sampled_from(sorted(ENCODERS)))
def test_no_bytes_break_it_and_no_value_hides_among_them(
    noise: bytes, identity: Identity, encoding: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    value = written(identity, encoding) or identity.value.encode()
    bundle = make_zip(tmp_path_factory.mktemp("b") / "b.zip", {"x": noise + b"\n\n\0 " + value + b" \0\n\n" + noise})
    leaks = audit(bundle, IDENTITIES)
    assert identity.kind in [leak.kind for leak in leaks], (encoding, noise)


def test_leaks_of_hostile_bundles_are_bounded(tmp_path: Path) -> None:
    members = {f"quillfeather/{number}": b"quillfeather" for number in range(1500)}
    leaks = audit(make_zip(tmp_path / "b.zip", members), IDENTITIES)
    assert len(leaks) == 1000
    assert all(isinstance(leak, Leak) and "quill" not in str(leak) for leak in leaks)


def test_it_shares_nothing_with_what_made_the_bundle_private() -> None:
    folder = Path(audit_module.__file__).parent
    own = {"audit", *(path.stem for path in folder.glob("_audit_*.py"))}
    allowed = own | {"_types"}
    for name in sorted(own):
        tree = ast.parse((folder / f"{name}.py").read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("claude_evidence.collector"):
                module = (node.module or "").removeprefix("claude_evidence.collector").strip(".")
                used = {module} if module else {alias.name for alias in node.names}
                assert used <= allowed, f"{name} uses {sorted(used - allowed)}"


def test_thousands_of_titles_of_everyday_words_are_told_apart(tmp_path: Path) -> None:
    pick = random.Random(7)
    everyday = ["".join(pick.choices("abcdefghij", k=pick.randint(2, 7))) for _ in range(150)]
    titles = {" ".join(pick.choices(everyday, k=5)) for _ in range(3000)}
    identities = [Identity(Kind.TITLE, title) for title in sorted(titles)]
    lines = "\n".join(f"2026-05-02 10:11:12 [info] {' '.join(pick.choices(everyday, k=4))}" for _ in range(1500))
    members = {"clean": lines.encode(), "clean wide": lines.encode("utf-16")}
    for number, title in enumerate(pick.sample(sorted(titles), 6)):
        members[f"{number}"] = f"{lines}\n{title}\n".encode("utf-8" if number % 2 else "utf-16")
    assert _found(members, tmp_path, tuple(identities)) == {(f"{number}", "title") for number in range(6)}
