"""Wrong use: kept apart from the types, so that ``--help`` loads next to nothing."""


class UsageError(Exception):
    """Wrong use or unreadable input: one clear line for the user, exit code 2."""


def printable(text: str) -> str:
    """Make control and bidirectional characters of *text* visible: names come from strangers."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
