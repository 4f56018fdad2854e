"""Whether RE2, which answers every regular expression here, takes a pattern; asked without a word on the terminal."""

from __future__ import annotations

from functools import cache

_WHY = "a regular expression is not supported (RE2 knows no lookaround and no backreference)"


@cache
def refusal(pattern: str) -> str:
    """Return why *pattern* cannot be used, in one line; empty where it can.

    Asked by way of Arrow: the binding that pySigma asks writes each refusal, pattern and all, to standard error.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        pc.match_substring_regex(pa.array([""], pa.large_string()), pattern)
    except (pa.ArrowInvalid, UnicodeEncodeError) as error:
        return f"{_WHY}: {str(error).splitlines()[0][:200]}"
    return ""
