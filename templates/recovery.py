"""The texts of a recovery kit: its plan in plain words, and its scripts, which are the same in every kit.

No name out of the evidence is ever put into a script: scripts read plan.json, where names are data.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable

from claude_evidence import messages
from claude_evidence.recovery_types import Plan
from claude_evidence.templates._environment import environment, resource
from claude_evidence.templates._markdown import code

PLAN = "recovery_plan.md.j2"
SHARED = {"#SHARED#\n": "scripts/shared.ps1", "#PACKAGE#\n": "scripts/package.ps1"}
FIXES = {"launch": "fix-launch.ps1", "migrate": "migrate.ps1"}


def plan_text(plan: Plan) -> str:
    """Return plan.md."""
    disk = plan.source if plan.system and not plan.live else ""
    pasted = bool(disk) and code(disk) == f"`{disk}`"  # what a span cannot show as it is, nobody can paste
    # PowerShell takes typographic quotation marks for quotation marks, too
    quoted = "'" + re.sub("(['‘’‚‛])", r"\1\1", disk) + "'" if pasted else "FOLDER"
    return (
        environment(html=False)
        .get_template(PLAN)
        .render(
            plan=messages.told(plan),
            shown=_shown,
            of_disk=bool(disk),
            there="" if plan.live else f" -Root {quoted}",
            py_there="" if plan.live else f" --root {shlex.quote(disk) if pasted else 'FOLDER'}",
        )
    )


def scripts(fixes: Iterable[str], *, apply: bool) -> dict[str, str]:
    """Return the scripts of a kit by their names: *apply* and its undo, and one for each of *fixes*."""
    names = [*(["apply.ps1", "undo.ps1"] if apply else []), *(FIXES[fix] for fix in dict.fromkeys(fixes))]
    return {name: _script(name) for name in names}


def _script(name: str) -> str:
    """Return a script with what two of them share put in: each stands alone in the kit."""
    text = resource(f"scripts/{name}")
    for mark, shared in SHARED.items():
        text = text.replace(mark, resource(shared)) if mark in text else text
    return text


def _shown(path: str) -> str:
    """Return a host path as its host writes it."""
    return path.replace("/", "\\") if path[1:3] == ":/" or path.startswith("//") else path
