"""What an inspector brings to a check: the log's folder, its keys, and checkpoints of before."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from jejak.cli import speech
from jejak.cli.options import services_of, settings_of
from jejak.errors import Fatal, JejakError, Misuse

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from jejak_lrs.audit.logs import Kept, Published
    from jejak_lrs.tlog.note import Verifier


def published(
    home: Path | None, log: Path | None, keys: "Sequence[str]", since: "Sequence[Path]"
) -> "Published | None":
    """The log to be checked; None where there is none: no folder, no key.

    Beside the checkpoints that were brought it holds those of the topic, if Kafka can be reached;
    beside the keys of witnesses that were brought, those that are set.
    """
    from jejak import loops  # noqa: PLC0415  not part of the plain install
    from jejak_lrs.audit import logs  # noqa: PLC0415
    from jejak_lrs.tlog.note import COSIGNATURE  # noqa: PLC0415

    place, settings = settings_of(home)
    folder = log or settings.log_folder or place.log
    given = [each for text in keys for each in _verifiers(text)]
    known = [each for each in given if each.algorithm != COSIGNATURE] or _own(home)
    if not known and (since or (folder / "checkpoint").exists()):
        raise Misuse("no key of the log: give --key, a vkey or a file of them")
    if not known:
        return None
    brought = [logs.Kept(str(path), _checkpoint(path), checked=True) for path in since]
    witnesses = [each for each in given if each.algorithm == COSIGNATURE]
    witnesses += [each.verifier for each in loops.witnesses(settings)]
    kept = (*brought, *_announced(home))
    return logs.Published(folder, tuple(known), kept, tuple(witnesses))


def _verifiers(text: str) -> "Iterator[Verifier]":
    """The keys of a vkey, or of a file with a vkey on each line."""
    from jejak_lrs.tlog.errors import Malformed  # noqa: PLC0415  not part of the plain install
    from jejak_lrs.tlog.note import Verifier  # noqa: PLC0415

    lines = [text] if "+" in text else _text(Path(text)).split()
    for line in lines:
        try:
            yield Verifier.parse(line)
        except Malformed as exc:
            raise Misuse(f"--key {line}: {exc}") from None


def _own(home: Path | None) -> "list[Verifier]":
    """The home's own keys; none where it has none."""
    from jejak import keys  # noqa: PLC0415  not part of the plain install

    _, services = services_of(home)
    try:
        held = keys.load(services.secrets, os.environ)
    except Fatal:
        return []
    return [held.current.verifier, *held.former]


def _announced(home: Path | None) -> "Iterator[Kept]":
    """The largest checkpoints that the topic holds."""
    from jejak.loops import framing  # noqa: PLC0415  not part of the plain install
    from jejak.services import AUDITOR  # noqa: PLC0415
    from jejak_consumers.errors import LoopError  # noqa: PLC0415
    from jejak_consumers.kafka import KafkaFeed  # noqa: PLC0415
    from jejak_consumers.notary import Topic  # noqa: PLC0415
    from jejak_lrs import database, roles  # noqa: PLC0415
    from jejak_lrs.audit.logs import Kept  # noqa: PLC0415
    from jejak_lrs.ledger import history  # noqa: PLC0415
    from jejak_lrs.notary import checkpoints  # noqa: PLC0415
    from jejak_schemas import topics  # noqa: PLC0415

    _, settings = settings_of(home)
    _, services = services_of(home)
    with database.connect(services.dsn(roles.AUDITOR), "jejak audit") as connection:
        epoch = history.head(connection).epoch
    origins = checkpoints.origins(settings.log_origin, epoch).values()
    try:
        access = services.kafka(AUDITOR)
        topic = Topic(lambda: KafkaFeed(access, topics.CHECKPOINTS), framing(services))
        found = topic(epoch, list(origins))
    except (JejakError, LoopError) as exc:
        speech.tell(f"the topic {topics.CHECKPOINTS} is not compared: {exc}")
        return
    for note in found.values():
        yield Kept(f"topic {topics.CHECKPOINTS}", note)


def _checkpoint(path: Path) -> str:
    """A checkpoint that was brought; Misuse where the file holds none, whoever signed it."""
    from jejak_lrs.tlog import note  # noqa: PLC0415  not part of the plain install
    from jejak_lrs.tlog.errors import Malformed  # noqa: PLC0415

    text = _text(path)
    try:
        note.parts(text)
    except Malformed as exc:
        raise Misuse(f"--since {path} is no checkpoint: {exc}") from None
    return text


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        said = exc.strerror if isinstance(exc, OSError) else "it is not UTF-8 text"
        raise Misuse(f"cannot read {path}: {said}") from None
