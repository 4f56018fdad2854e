"""The bounded YAML reader: the same data as a safe loader, with lines, and an answer to every hostile text."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from claude_evidence.analyzers._yaml_lines import MAX_BYTES, MAX_NODES, read

SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-(10**18), 10**18), st.text(max_size=30), st.dates())
DATA = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


def _error(content: bytes) -> tuple[str, int]:
    error = read(content).error
    assert error is not None
    return str(error), error.line


@given(st.lists(st.dictionaries(st.text(max_size=8), DATA, min_size=1, max_size=4), min_size=1, max_size=3))
def test_reads_what_a_safe_loader_reads(documents: list[dict[str, Any]]) -> None:
    text = yaml.safe_dump_all(documents, allow_unicode=True).encode()
    reading = read(text)
    assert reading.error is None and not reading.repeated
    assert [node.value for node in reading.documents] == list(yaml.load_all(text, yaml.CSafeLoader))


@given(st.binary(max_size=300))
@settings(max_examples=300)
def test_any_bytes_give_documents_or_one_line(content: bytes) -> None:
    reading = read(content)
    if reading.error is not None:
        assert reading.error.line >= 1 and "\n" not in str(reading.error) and str(reading.error)


@given(st.text(alphabet="ab:-[]{}&*?!|>'\"#%,\n <~0x1.", max_size=80))
@settings(max_examples=500)
def test_agrees_with_a_safe_loader_on_what_is_yaml(text: str) -> None:
    try:
        expected = [document for document in yaml.load_all(text, yaml.CSafeLoader) if document is not None]
    except (yaml.YAMLError, ValueError, TypeError):
        return
    reading = read(text.encode())
    # PyYAML resolves what stands behind a bare "!", which the specification calls text
    if reading.error is None and not reading.repeated and "<<" not in text and "!" not in text:
        assert [repr(node.value) for node in reading.documents if node.value is not None] == [repr(e) for e in expected]


def test_every_value_knows_its_line() -> None:
    document, second = read(b"a: 1\nb:\n  - x\n  - c: y\n---\n# more\nd: 2\n").documents
    items = document.get("b")
    assert items is not None and [item.line for item in items.items] == [3, 4]
    assert [key.line for key, _ in document.pairs] == [1, 2]
    assert second.line == 7


def test_a_key_given_twice_is_kept_with_its_line_and_the_first_value_stays() -> None:
    reading = read(b"a: 1\nb: {c: 1,\n c: 2}\na: 3\n")
    assert sorted(reading.repeated) == [(3, "c"), (4, "a")]
    assert reading.documents[0].value == {"a": 1, "b": {"c": 1}}


def test_documents_before_an_error_are_kept() -> None:
    reading = read(b"a: 1\n---\nb: [\n")
    assert [node.value for node in reading.documents] == [{"a": 1}]
    assert reading.error is not None and reading.error.line >= 3


@pytest.mark.parametrize("opening", [b"[", b"{a: ", b"- ", b"? ", b"[{", b"{? "])
def test_deep_nesting_is_refused(opening: bytes) -> None:
    message, line = _error(opening * (200_000 // len(opening)))
    assert "nested deeper" in message and line == 1


def test_aliases_cannot_blow_up() -> None:
    lines = ["a0: &a0 [x]"] + [f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 30)]
    message, _ = _error("\n".join(lines).encode())
    assert "aliases" in message


def test_merged_keys_cannot_blow_up() -> None:
    lines = ["- &a0 {k: v}"] + [f"- &a{i} {{<<: [{','.join([f'*a{i - 1}'] * 9)}]}}" for i in range(1, 30)]
    assert read("\n".join(lines).encode()).error is not None


def test_an_alias_to_itself_is_refused() -> None:
    assert "alias" in _error(b"a: &x [*x]")[0]


def test_aliases_and_merges_of_ordinary_size_work() -> None:
    reading = read(b"base: &b {x: 1, y: 2}\nover: {x: 9, <<: *b}\nlist: [*b]\n")
    assert reading.documents[0].value["over"] == {"x": 9, "y": 2}
    assert reading.documents[0].value["list"] == [{"x": 1, "y": 2}]


@pytest.mark.parametrize(
    "content",
    [
        b"!!python/object/apply:os.system [true]",
        b"a: !!binary aGVsbG8=",
        b"a: !custom x",
        b"\x00\x00",
        b"a: \x07",
        b"\x80\x81",
        b"a: b: c",
        b"a: " + b"9" * 10_000,
        b"a: 2024-13-45",
        b"? [1, 2]\n: x",
        b"x" * (MAX_BYTES + 1),
        b"[" + b"a," * (MAX_NODES + 1) + b"]",
    ],
    ids=[
        "object",
        "binary",
        "tag",
        "nul",
        "bell",
        "latin",
        "nested colon",
        "digits",
        "date",
        "list key",
        "big",
        "many",
    ],
)
def test_hostile_text_is_one_error(content: bytes) -> None:
    message, line = _error(content)
    assert message and len(message) < 300 and "\n" not in message and line >= 1


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_marks_of_byte_order_are_understood(encoding: str) -> None:
    assert read("a: ü\n".encode(encoding)).documents[0].value == {"a": "ü"}


@pytest.mark.parametrize("content", [b"", b"\n\n", b"# nothing\n", b"---\n---\n", b"\xef\xbb\xbf"])
def test_an_empty_file_has_no_document(content: bytes) -> None:
    reading = read(content)
    assert reading.error is None and reading.documents == []


@pytest.mark.parametrize("number", ["0x" + "f" * 100_000, "9" * 5000, "1" + ":1" * 100_000, "1" * 5000 + ".5"])
def test_a_number_too_long_to_be_told_is_refused(number: str) -> None:
    message, line = _error(f"a: 1\nb: {number}\n".encode())
    assert line == 2 and "too long for a number" in message
