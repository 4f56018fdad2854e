"""Windows error codes: one normal form, ``0x80070020`` (eight hex digits, lower case)."""

from __future__ import annotations

import re

_HEX = re.compile(r"0[xX]([0-9a-fA-F]{1,8})\Z")
_DECIMAL = re.compile(r"-?\d{1,10}\Z")


def hresult(stored: str | int | None) -> str | None:
    """Return *stored* as ``0x`` and eight hex digits, or None where it is no 32-bit code.

    Event logs hold one code in three forms: unsigned decimal (``2147942432``, AppModel-Runtime), signed decimal
    (``-2147024864``, some AppXDeployment-Server events) and hex text (``0x80070020``).

    >>> hresult("2147942432"), hresult(-2147024864), hresult("0x0"), hresult("NULL")
    ('0x80070020', '0x80070020', '0x00000000', None)
    """
    if isinstance(stored, bool) or stored is None:
        return None
    text = str(stored).strip()
    if match := _HEX.match(text):
        return f"0x{int(match[1], 16):08x}"
    if _DECIMAL.match(text) and -(2**31) <= (number := int(text)) < 2**32:
        return f"0x{number & 0xFFFFFFFF:08x}"
    return None
