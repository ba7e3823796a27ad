"""Messages gone wrong, in every way that we could think of. Pure: a seeded generator decides.

A mutation changes the body of a valid message, its values before they are encoded, the statement
that it carries, or what stands around the body: framing, key and headers.
"""

import json
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, Final, TypeVar

from jejak_consumers.messages import Message
from jejak_schemas import avro
from jejak_schemas.framing import Framing
from tests import matrix
from tests.door import INBOX
from tests.fuzz import hostile
from tests.fuzz.corpus import Seed

T = TypeVar("T")
Headers = tuple[tuple[str, bytes], ...]
_SELDOM: Final = 0.03


class Mutator:
    """Makes one bad message after another out of valid ones."""

    def __init__(self, random: Random, seeds: Sequence[Seed], framings: Sequence[Framing]) -> None:
        self._random = random
        self._seeds = seeds
        self._stating = [seed for seed in seeds if seed.statement is not None]
        self._framings = framings

    def message(self, offset: int) -> Message:
        """The next one."""
        pick = self._random.choice
        seed = pick(self._seeds)
        value = pick(_VALUES)(self, seed)
        key = seed.key if self._random.random() < 0.9 else pick(_KEYS)(self, seed)
        headers = () if self._random.random() < 0.8 else self._headers(seed)
        return Message(INBOX, 0, offset, key, value, headers)

    # -- the body ---------------------------------------------------------------------------

    def sound(self, seed: Seed) -> bytes:
        """Nothing is wrong with it, except perhaps its key or a header."""
        return self._framed(seed.schema, seed.body)

    def bent(self, seed: Seed) -> bytes:
        """Bytes of the body are not what they were, once or several times."""
        body = seed.body
        for _ in range(self._random.choice((1, 1, 1, 2, 3, 8))):
            body = self._random.choice(_BENDS)(self, body)
        return self._framed(seed.schema, body)

    def bent_whole(self, seed: Seed) -> bytes:
        """The same, with its header."""
        return self._random.choice(_BENDS)(self, self._framed(seed.schema, seed.body))

    def of_another_schema(self, seed: Seed) -> bytes:
        """The header says another class, or none that there is."""
        if self._random.random() < 0.5:
            return self._framed(self._random.choice(self._seeds).schema, seed.body)
        header = self._random.choice(
            (b"\xc3\x01" + self._random.randbytes(8), b"\0" + self._random.randbytes(4))
        )
        return header + seed.body

    def spliced(self, seed: Seed) -> bytes:
        """The head of one message and the tail of another."""
        other = self._random.choice(self._seeds).body
        head, tail = self._at(seed.body), self._at(other)
        return self._framed(seed.schema, seed.body[:head] + other[tail:])

    def of_hostile_value(self, seed: Seed) -> bytes:
        """One of its values is a hostile one, correctly encoded."""
        path = self._random.choice(seed.places)
        was = matrix.at(seed.values, path)
        values = matrix.planted(seed.values, path, self._hostile(was))
        try:
            return self._framed(seed.schema, matrix.encoded(seed.model, values)[10:])
        except (ValueError, TypeError, OverflowError, AttributeError, KeyError):
            return self._framed(seed.schema, seed.body)  # Avro cannot carry it

    def of_hostile_statement(self, _: Seed) -> bytes:
        """The JSON text that it carries is not what xAPI says, or no JSON at all."""
        seed = self._random.choice(self._stating)
        text = self._statement(seed)
        values = {**seed.values, "statement": text}
        return self._framed(seed.schema, matrix.encoded(seed.model, values)[10:])

    def garbage(self, _: Seed) -> bytes | None:
        """No message at all."""
        thing = self._of(hostile.GARBAGE, hostile.BIG_GARBAGE)
        if thing is not None and self._random.random() < 0.5:
            return self._framed(self._random.choice(self._seeds).schema, thing)
        return thing

    def random_bytes(self, seed: Seed) -> bytes:
        """Noise, behind a header or not."""
        noise = self._random.randbytes(self._random.randrange(200))
        return self._framed(seed.schema, noise) if self._random.random() < 0.7 else noise

    def _framed(self, schema: avro.Schema, body: bytes) -> bytes:
        return self._random.choice(self._framings).header_of(schema) + body

    def _of(self, usual: Sequence[T], big: Sequence[T]) -> T:
        """A hostile thing; seldom one that costs a millisecond."""
        return self._random.choice(big if self._random.random() < _SELDOM else usual)

    def _at(self, body: bytes) -> int:
        return self._random.randrange(len(body) + 1)

    def _hostile(self, was: object) -> object:
        many = self._of((0, 2, 11, 51), (201, 501, 1_001, 3_000))
        if isinstance(was, list):
            return was * many
        if isinstance(was, dict):
            return {f"{key}{n}": value for n in range(many) for key, value in was.items()}
        if isinstance(was, int):
            return self._random.choice(hostile.NUMBERS)
        return self._of(hostile.TEXTS, hostile.BIG_TEXTS)

    # -- bending bytes ----------------------------------------------------------------------

    def flip(self, body: bytes) -> bytes:
        """One bit."""
        if not body:
            return body
        at = self._random.randrange(len(body))
        return body[:at] + bytes([body[at] ^ 1 << self._random.randrange(8)]) + body[at + 1 :]

    def overwrite(self, body: bytes) -> bytes:
        """One byte, or as many as a hostile number has."""
        at, put = self._at(body), self._random.choice(hostile.BYTES)
        return body[:at] + put + body[at + len(put) :]

    def insert(self, body: bytes) -> bytes:
        """A hostile number, between two bytes."""
        at = self._at(body)
        return body[:at] + self._random.choice(hostile.BYTES) + body[at:]

    def replace_byte(self, body: bytes) -> bytes:
        """One byte by a hostile number: a length, a count, a branch."""
        at = self._at(body)
        return body[:at] + self._random.choice(hostile.BYTES) + body[at + 1 :]

    def cut(self, body: bytes) -> bytes:
        """The end is missing."""
        return body[: self._at(body)]

    def drop(self, body: bytes) -> bytes:
        """A piece in the middle is missing."""
        first, last = sorted((self._at(body), self._at(body)))
        return body[:first] + body[last:]

    def repeat(self, body: bytes) -> bytes:
        """A piece stands there again and again."""
        first, last = sorted((self._at(body), self._at(body)))
        times = self._of((2, 2, 3), (100,))
        return (body[:first] + body[first:last] * times + body[last:])[:70_000]

    # -- the statement ----------------------------------------------------------------------

    def _statement(self, seed: Seed) -> str:
        statement: Any = seed.statement
        for _ in range(self._random.choice((1, 1, 2, 4))):
            statement = self._bend_json(statement, self._random.choice(seed.nodes))
        text = json.dumps(statement, ensure_ascii=self._random.random() < 0.5)
        if self._random.random() < 0.2:
            word = self._of(hostile.IN_JSON, hostile.BIG_IN_JSON)
            at = self._random.randrange(len(text) + 1)
            text = text[:at] + word + text[at + self._random.randrange(3) :]
        return text.encode("utf-8", "replace").decode()

    def _bend_json(self, statement: Any, path: matrix.Path) -> Any:
        try:
            was = matrix.at(statement, path)
        except (KeyError, IndexError, TypeError):
            return statement  # bent away before
        if self._random.random() < 0.15:
            return matrix.without(statement, path) if isinstance(path[-1], str) else statement
        if self._random.random() < 0.15:
            name = self._random.choice(hostile.NAMES)
            what = self._of(hostile.JSON, hostile.BIG_JSON)
            return (
                matrix.planted(statement, (*path[:-1], name), what)
                if isinstance(path[-1], str)
                else statement
            )
        what = self._of(hostile.JSON, hostile.BIG_JSON)
        return matrix.planted(statement, path, [was] if what == "wrap" else what)

    # -- beside the body --------------------------------------------------------------------

    def _headers(self, seed: Seed) -> Headers:
        names = self._random.sample(hostile.HEADER_NAMES, self._random.randrange(1, 5))
        right = {
            "ce_id": str(seed.values.get("event_id", "")).encode(),
            "ce_type": f"{avro.NAMESPACE}.{seed.schema.name}".encode(),
            "ce_specversion": b"1.0",
            "content-type": b"application/avro",
        }
        keep = self._random.random() < 0.7
        return tuple(
            (name, right[name] if keep and name in right else self._random.choice(hostile.HEADERS))
            for name in names
        )

    def other_key(self, _: Seed) -> bytes:
        """That of another message."""
        return self._random.choice(self._seeds).key

    def bent_key(self, seed: Seed) -> bytes:
        """Not quite its own."""
        return self._random.choice(_BENDS)(self, seed.key)

    def hostile_key(self, _: Seed) -> bytes | None:
        """None, empty, long, no text."""
        return self._random.choice(hostile.KEYS)


Value = Callable[[Mutator, Seed], bytes | None]
_VALUES: Final[tuple[Value, ...]] = (
    Mutator.sound,
    *(Mutator.bent,) * 8,
    Mutator.bent_whole,
    Mutator.of_another_schema,
    Mutator.spliced,
    *(Mutator.of_hostile_value,) * 4,
    *(Mutator.of_hostile_statement,) * 2,
    Mutator.garbage,
    Mutator.random_bytes,
)
_KEYS: Final[tuple[Value, ...]] = (Mutator.other_key, Mutator.bent_key, Mutator.hostile_key)
_BENDS: Final[tuple[Callable[[Mutator, bytes], bytes], ...]] = (
    Mutator.flip, Mutator.flip, Mutator.overwrite, Mutator.insert, Mutator.replace_byte,
    Mutator.cut, Mutator.drop, Mutator.repeat,
)  # fmt: skip
