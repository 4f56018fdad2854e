"""Wrong use: kept apart from the types, so that ``--help`` loads next to nothing."""


class UsageError(Exception):
    """Wrong use or unreadable input: one clear line for the user, exit code 2."""
