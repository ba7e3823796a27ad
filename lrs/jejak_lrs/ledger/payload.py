"""How a statement's exact bytes are kept: format byte, dictionary number, zstd frame. Pure.

::

    payload = 0x01 || dictionary number (1 byte, 0 = none) || zstd frame

The frame has its content size and neither dictionary id nor checksum (the commitment is over the
plain bytes). Dictionaries come from `jejak_lrs.dictionaries`; a number is never given twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import zstandard

from jejak_lrs.errors import BadPayload

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

FORMAT = 1
# zstd's level 1, whose tables stay in the cache, told to take only matches of seven bytes or more:
# 5 % smaller and no slower than as it comes, because fewer matches cost less (measured).
_LEVEL = 1
_SHORTEST_MATCH = 7
_STATEMENT_BYTES = 2048  # most are smaller; zstd sizes its tables by this

# An event has at most 64 KiB; its statement may be several times that. A frame that claims more
# is not ours, and must not take the memory it claims.
MAX_PLAIN_BYTES = 4 * 1024 * 1024

_NO_DICTIONARY = 0
_HEADER_BYTES = 2

# Of `decompress`, by place, for by name they take a fifth of its time (measured): no output size
# but the frame's own, one frame, and nothing after it.
_WHOLE = (0, False, False)


class Packer:
    """Compresses statements with one dictionary. For one thread.

    Args:
        number: of the dictionary, 0 for none.
        dictionary: its bytes, empty for none.
    """

    def __init__(self, number: int = _NO_DICTIONARY, dictionary: bytes = b"") -> None:
        if (number == _NO_DICTIONARY) != (not dictionary):
            raise ValueError("number 0 and no dictionary go together")
        self._header = bytes((FORMAT, number))
        parameters = zstandard.ZstdCompressionParameters.from_level(
            _LEVEL,
            source_size=_STATEMENT_BYTES,
            dict_size=len(dictionary),
            min_match=_SHORTEST_MATCH,
            write_checksum=False,
            write_content_size=True,
            write_dict_id=False,
        )
        self._compress = zstandard.ZstdCompressor(
            dict_data=_trained(dictionary), compression_params=parameters
        ).compress

    def pack(self, plain: bytes) -> bytes:
        """The payload of these bytes; ValueError if they are too many to be unpacked."""
        if len(plain) > MAX_PLAIN_BYTES:
            raise ValueError(f"a statement of {len(plain)} bytes is too large to keep")
        packed: bytes = self._header + self._compress(plain)
        return packed


class Unpacker:
    """Gives back what any packer made, whichever dictionary it used. For one thread.

    Args:
        dictionaries: every dictionary ever used, by number.
    """

    def __init__(self, dictionaries: Mapping[int, bytes]) -> None:
        self._dictionaries = {_NO_DICTIONARY: b"", **dictionaries}
        self._decompress: dict[int, Callable[..., bytes]] = {}

    def unpack(self, payload: bytes) -> bytes:
        """The exact bytes that were packed.

        Raises:
            BadPayload: unknown format or dictionary, a damaged frame, or one that is too large.
        """
        if len(payload) < _HEADER_BYTES or payload[0] != FORMAT:
            raise BadPayload("the payload's format is unknown")
        frame = payload[_HEADER_BYTES:]
        try:
            _check_size(frame)
            decompress = self._decompress.get(payload[1]) or self._known(payload[1])
            return decompress(frame, *_WHOLE)
        except zstandard.ZstdError as exc:
            raise BadPayload("the payload's frame is damaged") from exc

    def _known(self, number: int) -> Callable[..., bytes]:
        if number not in self._dictionaries:
            raise BadPayload(f"the payload needs dictionary {number}, which is not known here")
        made = zstandard.ZstdDecompressor(dict_data=_trained(self._dictionaries[number]))
        self._decompress[number] = made.decompress
        return made.decompress


def _check_size(frame: bytes) -> None:
    claimed = zstandard.frame_content_size(frame)  # -1: it does not say
    if not 0 <= claimed <= MAX_PLAIN_BYTES:
        raise BadPayload(f"the payload claims {claimed} bytes")


def _trained(dictionary: bytes) -> zstandard.ZstdCompressionDict | None:
    if not dictionary:
        return None
    return zstandard.ZstdCompressionDict(dictionary, dict_type=zstandard.DICT_TYPE_FULLDICT)
