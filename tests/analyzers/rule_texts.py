"""Rules for tests, and how they are written and loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from claude_evidence.analyzers._types import RuleSet
from claude_evidence.analyzers.rules import load_rules

LOGIN = """
title: Many failed logons
id: 7a0c7a4e-0d2c-4c3f-8a51-5b5f8e0f2c11
status: test
logsource: {product: windows, service: security}
detection:
  selection:
    EventID: 4625
    TargetUserName|endswith: admin
  filter:
    IpAddress|cidr: 10.0.0.0/8
  condition: selection and not filter
level: high
"""

PATTERN = """
title: The first thing
name: pattern
logsource: {product: claude_desktop, category: app_log, service: main}
detection:
  selection:
    Message|contains: boom
  condition: selection
references: [https://example.invalid/issues/1]
falsepositives: [none]
level: medium
custom:
  explanation: It went boom.
  count_by: SessionId
---
title: The first thing, then the second
name: pattern__both
correlation:
  type: temporal_ordered
  rules: [pattern, pattern__second]
  group-by: [who]
  aliases:
    who: {pattern: SessionId, pattern__second: Image}
  timespan: 5m
level: critical
---
title: The second thing
name: pattern__second
logsource: {product: windows, category: process_creation}
detection:
  selection:
    ParentImage|fieldref: OriginalFileName
  condition: selection
"""

GOOD = """\
title: A storm of failed saves
name: save_storm
id: 5c8c1b1e-9d0b-4a53-8d6f-3a3b7e2f7a10
status: test
references:
  - https://example.invalid/issues/59934
date: 2026-05-17
tags: [detection.health]
logsource:
  product: claude_desktop
  category: app_log
  service: main
detection:
  selection:
    Message|contains: EXDEV
    SessionId: null
  handled:
    Component|startswith: market
  condition: selection and not handled
falsepositives:
  - A disk that is being replaced.
level: high
custom:
  explanation: The app could not move its file.
  confidence: high
  facts:
    - {label: Sessions, field: SessionId, show: distinct}
  remedy:
    - step: Copy the file.
      risk: safe
  does_not_work: [Waiting.]
  because_of: [save_storm]
  leads_to: []
  versions: {first: '1.2', fixed: '1.3'}
  issues: [59934]
  needs: [zone, session_registry]
  group_by: [SessionId]
  count_by: SessionId
---
title: The storm
name: save_storm__many
id: 5c8c1b1e-9d0b-4a53-8d6f-3a3b7e2f7a11
status: test
correlation:
  type: event_count
  rules:
    - save_storm
  group-by: [SessionId]
  timespan: 1h
  condition: {gte: 100}
  generate: true
level: critical
"""

PUBLIC = """\
title: Office starts a shell
id: 438025f9-5856-4663-83f7-52f878a70a50
status: stable
author: Somebody
date: 2026-01-02
tags: [attack.execution, attack.t1204.002]
logsource:
  product: windows
  category: process_creation
detection:
  selection_parent:
    ParentImage|endswith: '\\WINWORD.EXE'
  selection_child:
    - Image|endswith: ['\\cmd.exe', '\\pwsh.exe']
    - OriginalFileName: Cmd.Exe
  condition: all of selection_*
falsepositives: [Unknown]
level: high
"""


def put(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def load(*paths: Path) -> RuleSet:
    return load_rules(paths, defaults=False)


def with_(**changes: Any) -> str:
    """Return LOGIN with top-level keys, or with ``detection__x`` entries, replaced."""
    rule = yaml.safe_load(LOGIN)
    for key, value in changes.items():
        section, _, entry = key.partition("__")
        target = rule[section] if entry else rule
        target[entry or key] = value
    return yaml.safe_dump(rule)
