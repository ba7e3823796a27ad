"""The example of docs/transparency-log.md, made again with nothing but hashlib."""

import base64
import hashlib
import re
import shutil
import subprocess
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[2] / "docs/transparency-log.md").read_text("utf-8")
BLOCKS = re.findall(r"^```\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
ORIGIN = "log.example/jejak"
# RFC 8410: what stands before an Ed25519 public key in its DER form.
SPKI = bytes.fromhex("302a300506032b6570032100")


def h(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


def b64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def field(content: bytes) -> bytes:
    return len(content).to_bytes(4, "big") + content


def entry(position: int) -> bytes:
    statement_id = bytes.fromhex("019340d00000700080000000000000") + bytes([position])
    return (
        b"\x01"
        + field(position.to_bytes(8, "big"))
        + field(statement_id)
        + field((1_793_525_400_000_000).to_bytes(8, "big"))
        + field(b"lan")
        + field(h(b"commitment %d" % position))
    )


LEAVES = [h(b"\x00" + entry(position)) for position in range(3)]
NODE = h(b"\x01" + LEAVES[0] + LEAVES[1])
ROOT = h(b"\x01" + NODE + LEAVES[2])
CHECKPOINT = f"{ORIGIN}\n3\n{b64(ROOT)}\n"


def block(beginning: str) -> str:
    """The page's code block that begins so."""
    return next(each for each in BLOCKS if each.startswith(beginning))


def signature_line() -> str:
    return block(ORIGIN + "\n").removeprefix(CHECKPOINT + "\n")


def test_the_page_has_this_entry() -> None:
    shown = "".join(line[:67].partition("version")[0] for line in block("01 ").splitlines())
    assert bytes.fromhex(shown) == entry(1)


def test_the_page_has_these_hashes() -> None:
    shown = dict(re.findall(r"^(leaf \d|node|root) +([0-9a-f]{64})", PAGE, re.MULTILINE))
    assert shown == {
        **{f"leaf {index}": leaf.hex() for index, leaf in enumerate(LEAVES)},
        "node": NODE.hex(),
        "root": ROOT.hex(),
    }
    assert len(b"".join(LEAVES)) == 96
    assert [len(entry(position)) for position in range(3)] == [0x58] * 3


def test_the_page_has_this_checkpoint_and_key() -> None:
    name, key_id, key = block(f"{ORIGIN}+").strip().split("+", 2)
    public = base64.b64decode(key)
    assert public[0] == 1
    assert key_id == h(f"{name}\n".encode() + public)[:4].hex()
    dash, signer, signature = signature_line().split(" ")
    assert (dash, signer) == ("\u2014", ORIGIN)
    assert base64.b64decode(signature)[:4].hex() == key_id


def test_the_page_has_this_proof() -> None:
    hashes = f"{b64(LEAVES[0])}\n{b64(LEAVES[2])}\n"
    assert block("c2sp.org/") == (
        f"c2sp.org/tlog-proof@v1\nindex 1\n{hashes}\n{CHECKPOINT}\n{signature_line()}"
    )


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl here")
def test_openssl_verifies_the_checkpoint_of_the_page(tmp_path: Path) -> None:
    public = base64.b64decode(block(f"{ORIGIN}+").strip().split("+", 2)[2])[1:]
    signature = base64.b64decode(signature_line().split(" ")[2])[4:]
    for name, content in {
        "key.der": SPKI + public,
        "text": CHECKPOINT.encode(),
        "altered": CHECKPOINT.replace("3", "4").encode(),
        "signature": signature,
    }.items():
        (tmp_path / name).write_bytes(content)

    def verifies(text: str) -> bool:
        command = (
            "openssl pkeyutl -verify -rawin -pubin -keyform DER -inkey key.der -sigfile signature"
        )
        done = subprocess.run(
            [*command.split(), "-in", text], cwd=tmp_path, capture_output=True, check=False
        )
        return done.returncode == 0

    assert verifies("text")
    assert not verifies("altered")
