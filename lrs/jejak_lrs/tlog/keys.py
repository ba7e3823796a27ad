"""The keys of a log: the one that signs, and those that signed before it.

As a text, for one file or variable: the secret key on the first line, and below it the vkeys of
former keys, the latest first. A key signs for several logs; the name in a signature is the log's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from jejak_lrs.tlog.errors import Malformed
from jejak_lrs.tlog.note import Signer, Verifier


@dataclass(frozen=True, slots=True)
class Keys:
    """Who signs now, and who did."""

    current: Signer
    former: tuple[Verifier, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Keys:
        """The keys of a text; Malformed, without a word of the secret, where it is none."""
        lines = text.split()
        if not lines:
            raise Malformed("there is no signing key")
        return cls(Signer.parse(lines[0]), tuple(Verifier.parse(line) for line in lines[1:]))

    @property
    def text(self) -> str:
        """The secret text."""
        return "".join(f"{line}\n" for line in (self.current.secret, *map(str, self.former)))

    def rotated(self) -> Keys:
        """A fresh key in place of the current one, which is kept among the former."""
        fresh = Signer.new(self.current.name)
        return Keys(fresh, (self.current.verifier, *self.former))

    def signer(self, origin: str) -> Signer:
        """Who signs for a log."""
        return replace(self.current, name=origin)

    def verifiers(self, origin: str) -> list[Verifier]:
        """Whose signatures count for a log: the current key's, then the former ones'."""
        known = (self.current.verifier, *self.former)
        return [replace(each, name=origin) for each in known]
