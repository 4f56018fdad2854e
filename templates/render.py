"""Report to text: ``report.html.j2`` is one page, ``report.md.j2`` fits a GitHub issue, ``report.json`` has it all."""

from __future__ import annotations

from claude_evidence import messages
from claude_evidence.model import Report, UsageError
from claude_evidence.templates._clock import Clock
from claude_evidence.templates.report_json import to_json

HTML, MARKDOWN, JSON = TEMPLATES = ("report.html.j2", "report.md.j2", "report.json")


def render(report: Report, template: str = HTML, *, zone: str | None = None) -> str:
    """Return *report* as text; *zone* (IANA name) overrides the manifest's. The same report gives the same text.

    Raises ``UsageError`` for an unknown template.
    """
    if template not in TEMPLATES:
        raise UsageError(f"no template {template!r}: there are {', '.join(TEMPLATES)}")
    if template == JSON:
        return to_json(report)
    from claude_evidence.templates import _pages  # jinja2: not for JSON

    write = _pages.page if template == HTML else _pages.issue_text
    return write(messages.told(report), Clock.of(report.manifest, zone))
