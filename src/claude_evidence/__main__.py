"""``python -m claude_evidence``: the same as the command."""

from claude_evidence.cli import main

main()
