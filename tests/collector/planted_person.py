"""Invented people, whose every value is a word that nothing else holds, and the files of their machines."""

from __future__ import annotations

import random
import uuid
from dataclasses import dataclass, field

from claude_evidence.collector._types import Identity, Kind


@dataclass(slots=True)
class Person:
    """Whose machine it is. Every value is a word of its own that nothing else holds, but for ``user`` where given."""

    user: str
    full_name: str
    host: str
    domain: str
    sid: str
    email: str
    account: str
    org: str
    company: str
    project: str
    secret: str
    variable: str
    title: str
    prompt: str
    anywhere: bool = True
    plantings: int = field(default=0)

    def identities(self) -> list[Identity]:
        """Return the values that have to be gone, in every form."""
        values = {
            Kind.FULL_NAME: self.full_name, Kind.HOST: self.host, Kind.DOMAIN: self.domain, Kind.SID: self.sid,
            Kind.EMAIL: self.email, Kind.ACCOUNT: self.account, Kind.ORGANISATION: self.org, Kind.SECRET: self.secret,
            Kind.VALUE: self.variable, Kind.TITLE: self.title, **({Kind.USER: self.user} if self.anywhere else {}),
        }  # fmt: skip
        return [Identity(kind, value) for kind, value in values.items()]

    def folders(self) -> list[str]:
        """Return the names that stand in paths alone."""
        return [self.company, self.project]


def person(seed: int, user: str = "") -> Person:
    """Return an invented person; with *user*, one whose name is short or an everyday word."""
    pick = random.Random(seed)
    return Person(
        user=user or _word(pick).capitalize(),
        full_name=f"{_word(pick).capitalize()} {_word(pick, 'öäüéø').capitalize()}",
        host=f"LAPTOP-{_word(pick).upper()[:8]}",
        domain=_word(pick).upper()[:9],
        sid="S-1-5-21-" + "-".join(str(pick.randrange(10**8, 4 * 10**9)) for _ in range(3)) + "-1001",
        email=f"{_word(pick)}.{_word(pick)}@{_word(pick)}.example",
        account=str(uuid.UUID(int=pick.getrandbits(128), version=4)),
        org=str(uuid.UUID(int=pick.getrandbits(128), version=4)),
        company=f"OneDrive - {_word(pick).capitalize()} GmbH",
        project=f"{_word(pick)}-{_word(pick)}",
        secret="".join(pick.choices("abcdefghijkmnpqrstuvwxyz23456789", k=24)),
        variable=f"{_word(pick)}-{_word(pick)}-main",
        title=f"Why {_word(pick)} left {_word(pick)}",
        prompt=f"please tell {_word(pick)} of {_word(pick)}",
        anywhere=not user
        or (len(user) > 3 and user not in ("claude", "admin", "users", "system", "user", "data", "log")),
    )


def _word(pick: random.Random, more: str = "") -> str:
    """Return a word that no language has, with one of the letters *more* in it."""
    word = "".join(pick.choice("bdfgklmnprstvz") + pick.choice("aeiou") for _ in range(4))
    return word[:3] + pick.choice(more) + word[3:] if more else word


@dataclass(frozen=True, slots=True)
class HostFile:
    """One file of the host. ``scrub`` is ``text``, ``json``, ``evtx`` or ``transcript``."""

    path: str
    data: bytes
    scrub: str = "text"
