"""What a recovery cannot bring back, in sentences."""

from __future__ import annotations

from claude_evidence.recovery_entry import Entry
from claude_evidence.recovery_mend import Mended
from claude_evidence.recovery_said import Said
from claude_evidence.recovery_types import Repair

NO_TRANSCRIPT = "Its transcript is not here: it comes back to the list, and opens empty unless the transcript turns up."


def lost(repair: Repair, entry: Entry, said: Said) -> tuple[str, ...]:
    """Return what a rebuilt entry lacks, in sentences."""
    found = ["Permissions that were given to it, stars, and its place in the archive are not known any more."]
    if "cwd" not in entry.values:
        found.append("Its working folder is not known: the app will ask for it.")
    if "cwd" in said.refused:
        found.append("A working folder that its transcript names is not used: it is no path of a folder.")
    if not repair.template:
        found.append("There was no readable entry to learn the app's settings from: this one holds the bare minimum.")
    if not said.custom_title and not said.ai_title and entry.sources.get("title", "").startswith("its date"):
        found.append("Its title is gone; it bears its date instead.")
    return tuple(found)


def torn(found: Mended) -> tuple[str, ...]:
    """Return what a mended transcript lacks, in sentences."""
    gone = found.null_lines + found.torn_lines
    if not gone:
        return ()
    lines = "1 line" if gone == 1 else f"{gone:,} lines"
    told = (
        f"What stood in {lines} of its transcript ({found.null_bytes:,} null bytes) is gone for good; "
        "messages around that place may not be shown joined."
    )
    return (told,)
