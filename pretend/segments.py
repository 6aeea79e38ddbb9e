"""How many parts a text has: 160 or 153 septets in GSM-7, 70 or 67 code units in UCS-2.

A character is never cut in two, so a part may stay one unit short (3GPP TS 23.038, TS 23.040).
"""

from __future__ import annotations

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENDED = frozenset("\f^{}\\[~]|€")
GSM = BASIC | EXTENDED


def count(body: str) -> int:
    """The number of parts in which ``body`` is carried; an empty text has one."""
    if BASIC.issuperset(body):
        length = len(body)
        return 1 if length <= 160 else -(-length // 153)
    if GSM.issuperset(body):
        widths = [2 if char in EXTENDED else 1 for char in body]
        single, part = 160, 153
    else:
        widths = [2 if ord(char) > 0xFFFF else 1 for char in body]
        single, part = 70, 67
    if sum(widths) <= single:
        return 1
    parts, room = 1, part
    for width in widths:
        if width > room:
            parts, room = parts + 1, part
        room -= width
    return parts
