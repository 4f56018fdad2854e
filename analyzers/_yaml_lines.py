"""YAML that remembers its lines: a bounded reader for files that strangers wrote.

Depth, size and alias expansion are limited, a key given twice is refused, only plain data can come out.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml.constructor import SafeConstructor
from yaml.resolver import Resolver

MAX_BYTES = 1 << 20
MAX_DEPTH = 40
MAX_NODES = 100_000
MAX_DOCUMENTS = 5_000
# Python writes no integer of more than 4,300 digits, and PyYAML takes quadratic time over sexagesimal ones.
MAX_NUMBER = 400

_PARSER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CONSTRUCTOR = SafeConstructor()
_RESOLVER: Any = Resolver()
_TAG = "tag:yaml.org,2002:"


class YamlError(Exception):
    """The text is no YAML that can be read: one clear line, and where."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


@dataclass(slots=True, eq=False)
class Node:
    """One value with the line it stands on (1-based).

    ``value`` is plain Python data; ``text`` what is written and ``plain`` whether without quotes, for a scalar.
    ``pairs`` are the keys and values of a mapping in order, ``items`` the entries of a list. ``size`` counts nodes.
    """

    line: int
    value: Any = None
    text: str = ""
    plain: bool = False
    pairs: Sequence[tuple[Node, Node]] = ()
    items: Sequence[Node] = ()
    size: int = 1

    @property
    def is_mapping(self) -> bool:
        """Whether this is a mapping."""
        return isinstance(self.value, dict)

    def get(self, key: str | int) -> Node | None:
        """Return the value of *key*, None where it is not given."""
        return next((value for name, value in self.pairs if name.value == key), None)

    def key(self, key: str | int) -> Node | None:
        """Return the node of *key* itself, for its line."""
        return next((name for name, _ in self.pairs if name.value == key), None)


@dataclass(slots=True)
class Reading:
    """What could be read: the documents up to ``error``, and the error."""

    documents: list[Node] = field(default_factory=list)
    error: YamlError | None = None
    repeated: list[tuple[int, str]] = field(default_factory=list)


def read(content: bytes) -> Reading:
    """Return the documents of *content*, and the first error where one ends the reading.

    A key given twice does not end it: it is kept in ``repeated`` (line, key) and the first value stays.
    """
    reading = Reading()
    if len(content) > MAX_BYTES:
        reading.error = YamlError(f"the file is larger than {MAX_BYTES // 1024} KiB", 1)
        return reading
    try:
        for document in _Composer(content, reading.repeated).documents():
            if len(reading.documents) == MAX_DOCUMENTS:
                raise YamlError(f"more than {MAX_DOCUMENTS} documents in one file", document.line)
            reading.documents.append(document)
    except YamlError as error:
        reading.error = error
    except yaml.YAMLError as error:
        reading.error = _described(error, content)
    except UnicodeDecodeError as error:
        reading.error = YamlError("the text is not valid UTF-8", content.count(b"\n", 0, error.start) + 1)
    return reading


def _described(error: yaml.YAMLError, content: bytes) -> YamlError:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    position = getattr(error, "position", None)
    if mark is not None:
        line = min(mark.line, content.rstrip().count(b"\n")) + 1
    else:
        line = content.count(b"\n", 0, position) + 1 if isinstance(position, int) else 1
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
    if "nesting depth" in str(problem):  # the limit of libyaml, from PyYAML 6.0.4 on, comes before ours
        return YamlError(f"nested deeper than {MAX_DEPTH} levels", line)
    return YamlError(f"not valid YAML: {' '.join(str(problem).split())[:200]}", line)


class _Composer:
    """Turns parser events into nodes, without recursion."""

    def __init__(self, content: bytes, repeated: list[tuple[int, str]]) -> None:
        self._parser = _PARSER(content)
        self._repeated = repeated
        self._anchors: dict[str, Node] = {}
        self._stack: list[tuple[Node, str | None, list[Node]]] = []
        self._nodes = 0

    def documents(self) -> Iterator[Node]:
        """Yield the root node of each document that is not empty."""
        while (event := self._parser.get_event()) is not None:
            if isinstance(event, yaml.DocumentStartEvent):
                self._anchors, self._nodes = {}, 0
            root = self._accept(event)
            if root is not None and root.value is not None:
                yield root

    def _accept(self, event: yaml.Event) -> Node | None:
        """Take one event; return the node that it completes where that is a document's root."""
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.ScalarEvent):
            return self._complete(_scalar(event, line), event.anchor)
        if isinstance(event, yaml.AliasEvent):
            return self._complete(self._target(event, line), None)
        if isinstance(event, yaml.CollectionStartEvent):
            self._open(event, line)
        elif isinstance(event, yaml.CollectionEndEvent):
            node, anchor, parts = self._stack.pop()
            self._close(node, parts)
            return self._complete(node, anchor)
        return None

    def _open(self, event: yaml.CollectionStartEvent, line: int) -> None:
        if len(self._stack) >= MAX_DEPTH:
            raise YamlError(f"nested deeper than {MAX_DEPTH} levels", line)
        mapping = isinstance(event, yaml.MappingStartEvent)
        if event.tag not in (None, "!", _TAG + ("map" if mapping else "seq")):
            raise YamlError(f"the tag {event.tag} is not supported", line)
        self._stack.append((Node(line, {} if mapping else []), event.anchor, []))

    def _target(self, event: yaml.AliasEvent, line: int) -> Node:
        if event.anchor not in self._anchors:
            raise YamlError(f"the alias *{event.anchor} has no anchor before it", line)
        return self._anchors[event.anchor]

    def _complete(self, node: Node, anchor: str | None) -> Node | None:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise YamlError(f"more than {MAX_NODES} values in one document", node.line)
        if anchor is not None:
            self._anchors[anchor] = node
        if not self._stack:
            return node
        self._stack[-1][2].append(node)
        return None

    def _close(self, node: Node, parts: list[Node]) -> None:
        node.size = 1 + sum(part.size for part in parts)
        if node.size > MAX_NODES:
            raise YamlError(f"more than {MAX_NODES} values in one document, aliases expanded", node.line)
        if isinstance(node.value, list):
            node.items = parts
            node.value = [part.value for part in parts]
            return
        pairs: list[tuple[Node, Node]] = []
        given = list(zip(parts[::2], parts[1::2], strict=True))
        for key, value in given:
            if not _is_merge(key):
                self._add(node.value, pairs, key, value)
        for key, value in given:
            if _is_merge(key):
                _merge(node.value, pairs, value)
        node.pairs = pairs

    def _add(self, data: dict[Any, Any], pairs: list[tuple[Node, Node]], key: Node, value: Node) -> None:
        if isinstance(key.value, (dict, list)):
            raise YamlError("a key is a list or a mapping", key.line)
        if key.value in data:
            self._repeated.append((key.line, key.text))
            return
        data[key.value] = value.value
        pairs.append((key, value))


def _is_merge(key: Node) -> bool:
    return key.plain and key.text == "<<"


def _merge(data: dict[Any, Any], pairs: list[tuple[Node, Node]], value: Node) -> None:
    """Take over the pairs of ``<<: *other``; keys that the mapping itself gives win, wherever they stand."""
    for source in value.items or [value]:
        if not source.is_mapping:
            raise YamlError("<< merges something that is no mapping", value.line)
        for key, merged in source.pairs:
            if key.value not in data:
                data[key.value] = merged.value
                pairs.append((key, merged))


def _scalar(event: yaml.ScalarEvent, line: int) -> Node:
    text, plain = event.value, event.style is None or event.style == ""
    tag = event.tag
    if tag is None or tag == "!":
        tag = _RESOLVER.resolve(yaml.ScalarNode, text, event.implicit) if plain and tag is None else _TAG + "str"
    if tag in (_TAG + "str", _TAG + "merge", _TAG + "value"):
        return Node(line, text, text, plain)
    return Node(line, _constructed(tag, text, line), text, plain)


def _constructed(tag: str, text: str, line: int) -> Any:
    build = {
        "null": lambda _: None,
        "bool": _CONSTRUCTOR.construct_yaml_bool,
        "int": _CONSTRUCTOR.construct_yaml_int,
        "float": _CONSTRUCTOR.construct_yaml_float,
        "timestamp": _CONSTRUCTOR.construct_yaml_timestamp,
    }.get(tag.removeprefix(_TAG))
    if build is None:
        raise YamlError(f"the tag {tag} is not supported", line)
    if len(text) > MAX_NUMBER:
        raise YamlError(f"{text[:40]!r} and so on is too long for a number", line)
    try:
        value = build(yaml.ScalarNode(tag, text))
    except (ValueError, KeyError, AttributeError, IndexError, OverflowError) as error:
        raise YamlError(f"{text[:40]!r} is no valid {tag.removeprefix(_TAG)}", line) from error
    return value if not isinstance(value, datetime.datetime) else value.replace(tzinfo=None)
