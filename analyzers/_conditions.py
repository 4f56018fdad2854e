"""The conditions of a Sigma rule as trees, and what is said of a rule that cannot be judged.

Apart from the evaluator, so that rules can be loaded without what only judging needs.
"""

from __future__ import annotations

from typing import Any

from sigma.exceptions import SigmaError
from sigma.rule import SigmaRule


class UnsupportedError(Exception):
    """A rule uses something that cannot be answered: one sentence that names it."""


class MissingError(Exception):
    """A rule needs evidence that is not there: one sentence that names it."""


def conditions(rule: SigmaRule) -> list[Any]:
    """Return the condition trees of *rule*; `UnsupportedError` where one cannot be understood."""
    if "timeframe" in rule.detection.detections:
        raise UnsupportedError("timeframe is not supported: write a correlation with a timespan")
    try:
        trees = [condition.parsed for condition in rule.detection.parsed_condition]
    except SigmaError as error:
        raise UnsupportedError(f"its condition cannot be read: {' '.join(str(error).split())[:300]}") from None
    except RecursionError:
        raise UnsupportedError("its condition is nested too deeply") from None
    if not trees or None in trees:
        raise UnsupportedError("its condition names no detection")
    return trees
