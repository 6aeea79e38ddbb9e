"""What the pretend world remembers: an append-only log of JSON lines on disk, and its index in memory.

Each act appends one line before it is answered, then applies it; at the start the lines are applied
again in order. A line goes to the system in one write, without waiting for the disk: killing the
program loses nothing that it answered. A last line cut short was never answered and is dropped.
One program holds the folder at a time. The file stays open until the program ends: a late write must
never meet a number that something else was given meanwhile.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections import Counter, defaultdict
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from pretend.behaviour import DEFAULT, KINDS
from pretend.event import Event, Posted
from pretend.mail import Mail, Sent
from pretend.payment import Kept
from pretend.text import Text, Told
from pretend.till import Record, Till

LOG = "pretend.jsonl"


class StateTaken(Exception):
    """Another program holds the folder."""


class StateBroken(Exception):
    """A line in the middle of the log cannot be read; says which."""


class Store:
    """The records, by what one asks for: SID, phone, mailbox. Only the ``record_…`` acts change them."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / LOG
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._file)
            raise StateTaken(str(folder)) from error
        self._clear()
        self._read()

    def _clear(self) -> None:
        self.texts: dict[str, Text] = {}
        self.to: dict[str, list[Text]] = defaultdict(list)
        self.phones: dict[str, list[Text]] = defaultdict(list)
        self.senders: Counter[str] = Counter()
        self.mails: dict[str, Mail] = {}
        self.mailboxes: dict[str, list[Mail]] = defaultdict(list)
        self.sent: dict[str, Sent] = {}
        self.refusals: list[dict[str, Any]] = []
        self.opted_out: set[tuple[str, str]] = set()
        self.till = Till()
        self._behaviours: dict[str, dict[str, Any]] = {kind: {} for kind in KINDS}

    # Acts ---------------------------------------------------------------------------------------

    def record_text(self, text: Text, *, spends: str | None = None) -> None:
        """A text was taken; ``spends`` names the behaviour that counts it."""
        self._act("text", {**text.line(), "spends": spends})

    def record_told(self, text: Text, told: Told) -> None:
        """A callback of ``text`` was posted."""
        self._act("told", {"sid": text.sid, **asdict(told)})

    def record_change(self, text: Text, **changes: Any) -> None:
        """Fields of ``text`` that now read otherwise."""
        self._act("change", {"sid": text.sid, **changes})

    def record_deleted(self, text: Text) -> None:
        """The product had the text deleted."""
        self._act("deleted", {"sid": text.sid})

    def record_refusal(self, refusal: dict[str, Any], *, spends: str | None = None) -> None:
        """A request was answered with an error, or with silence, and nothing was taken."""
        self._act("refusal", {**refusal, "spends": spends})

    def record_opt_out(self, ours: str, phone: str, out: bool) -> None:
        """A phone wants no more texts from a number of ours, or wants them again."""
        self._act("opt_out", {"ours": ours, "phone": phone, "out": out})

    def record_mail(self, mail: Mail, *, spends: str | None = None) -> None:
        """A mail was taken."""
        self._act("mail", {**mail.line(), "spends": spends})

    def record_mail_told(self, mail: Mail, told: Told) -> None:
        """An event of ``mail`` was posted."""
        self._act("mail_told", {"id": mail.id, **asdict(told)})

    def record_mail_change(self, mail: Mail, **changes: Any) -> None:
        """Fields of ``mail`` that now read otherwise."""
        self._act("mail_change", {"id": mail.id, **changes})

    def record_sent(self, sent: Sent) -> None:
        """Somebody sent a mail from a mailbox here."""
        self._act("sent", sent.line())

    def record_sent_told(self, sent: Sent, told: Told) -> None:
        """A mail that somebody sent was posted to the product."""
        self._act("sent_told", {"id": sent.id, **asdict(told)})

    def record_till(
        self, records: list[Record], events: list[Event], *, kept: Kept | None = None, spends: str | None = None
    ) -> None:
        """One act on card payments: the records as they now stand, what is told of it, the answer to keep."""
        line: dict[str, Any] = {"put": [asdict(record) for record in records], "events": [e.line() for e in events]}
        self._act("till", {**line, "kept": asdict(kept) if kept else None, "spends": spends})

    def record_posted(self, event: Event, posted: Posted) -> None:
        """An event was posted."""
        self._act("posted", {"id": event.id, **asdict(posted)})

    def record_event(self, event: Event, **changes: Any) -> None:
        """Fields of ``event`` that now read otherwise."""
        self._act("event", {"id": event.id, **changes})

    def record_behaviour(self, kind: str, key: str, behaviour: Any) -> None:
        """How one of that ``kind`` (see ``behaviour.KINDS``) is treated from now on; None: as the default says."""
        value = behaviour.as_dict() if behaviour else None
        self._act("behaviour", {"kind": kind, "key": key, "value": value})

    def reset(self) -> None:
        """Forgets everything, on disk too."""
        os.ftruncate(self._file, 0)
        self._clear()

    # Questions ----------------------------------------------------------------------------------

    def behaviours(self, kind: str) -> dict[str, Any]:
        """The behaviours that were told, by number, mailbox, reference or card (``kind``)."""
        return self._behaviours[kind]

    def behaviour_of(self, kind: str, key: str, delay_ms: int) -> tuple[Any, str | None]:
        """The behaviour for a number, mailbox or reference and, where a request uses it up, the key to spend.

        ``delay_ms`` is the wait where nobody told another.
        """
        told = self.behaviours(kind)
        default = told.get(DEFAULT)
        own = told.get(key)
        behaviour = own or default or _USUAL[kind]
        if behaviour.delay_ms is None:
            wait = delay_ms if default is None or default.delay_ms is None else default.delay_ms
            behaviour = _with_delay(behaviour, wait)
        return behaviour, (key if own else DEFAULT) if behaviour.counts() else None

    # Lines --------------------------------------------------------------------------------------

    def _act(self, kind: str, record: dict[str, Any]) -> None:
        line = json.dumps([kind, record], separators=(",", ":")).encode() + b"\n"
        written = os.write(self._file, line)
        if written != len(line):
            os.ftruncate(self._file, os.fstat(self._file).st_size - written)
            raise OSError("the disk is full")
        self._apply(kind, record)

    def _read(self) -> None:
        whole = 0
        with self._path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                if not line.endswith(b"\n"):
                    break
                try:
                    self._apply(*json.loads(line))
                except (ValueError, TypeError, KeyError) as error:
                    raise StateBroken(f"{self._path}, line {number}") from error
                whole += len(line)
        os.ftruncate(self._file, whole)

    def _apply(self, kind: str, record: dict[str, Any]) -> None:
        spends = record.pop("spends", None)
        if kind == "text":
            text = Text.of(record)
            self.texts[text.sid] = text
            self.to[text.to].append(text)
            self.phones[text.phone].append(text)
            self.senders[text.ours] += 1
        elif kind == "told":
            told_of = self.texts.get(record.pop("sid"))
            if told_of is not None:
                told_of.told.append(Told(**record))
        elif kind == "change":
            text = self.texts[record.pop("sid")]
            for name, value in record.items():
                if name in ("steps", "owed"):
                    value = [(status, at) for status, at in value]
                setattr(text, name, value)
        elif kind == "deleted":
            text = self.texts.pop(record["sid"])
            self.to[text.to].remove(text)
        elif kind == "refusal":
            self.refusals.append(record)
        elif kind == "opt_out":
            pair = (record["ours"], record["phone"])
            (self.opted_out.add if record["out"] else self.opted_out.discard)(pair)
        elif kind == "mail":
            record["owed"] = [(event, at) for event, at in record.get("owed", ())]
            mail = Mail(**record)
            self.mails[mail.id] = mail
            for mailbox in mail.mailboxes():
                self.mailboxes[mailbox].append(mail)
        elif kind == "mail_told":
            self.mails[record.pop("id")].told.append(Told(**record))
        elif kind == "mail_change":
            changed = self.mails[record.pop("id")]
            for name, value in record.items():
                setattr(changed, name, [(event, at) for event, at in value] if name == "owed" else value)
        elif kind == "sent":
            self.sent[record["id"]] = Sent(**record)
        elif kind == "sent_told":
            self.sent[record.pop("id")].told.append(Told(**record))
        elif kind == "behaviour":
            told = self.behaviours(record["kind"])
            if record["value"] is None:
                told.pop(record["key"], None)
            else:
                told[record["key"]] = KINDS[record["kind"]][0](**record["value"])
        elif kind == "till":
            self.till.apply(record)
        elif kind == "posted":
            self.till.apply_posted(record)
        elif kind == "event":
            self.till.apply_event(record)
        else:
            raise ValueError(kind)
        if spends is not None:
            self._spend(_kind_spent(kind, record), spends)

    def _spend(self, kind: str, key: str) -> None:
        told = self.behaviours(kind)
        left = told[key].after_one() if key in told else None
        if left is None:
            told.pop(key, None)
        else:
            told[key] = left


_USUAL: dict[str, Any] = {kind: made() for kind, (made, _) in KINDS.items()}


def _kind_spent(kind: str, record: dict[str, Any]) -> str:
    """Whose behaviour a line uses up."""
    if kind == "till" or record.get("stripe"):
        return "stripe"
    return "mailbox" if kind == "mail" or record.get("mailbox") else "number"


def _with_delay(behaviour: Any, delay_ms: int) -> Any:
    cached = _DELAYED.get((behaviour, delay_ms))
    if cached is None:
        if len(_DELAYED) > 1000:
            _DELAYED.clear()
        cached = _DELAYED[behaviour, delay_ms] = replace(behaviour, delay_ms=delay_ms)
    return cached


_DELAYED: dict[tuple[Any, int], Any] = {}
