"""`python -m tests.witness STATE NAME SEED LOG-VKEY...`: serves on a free port, says where.

The first line that it says is its URL, the second the vkey of its cosignatures. STATE is a file; a
witness that is started again with it remembers. With one more vkey it knows one more log.
"""

import base64
import hashlib
import json
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

Refusal = tuple[int, str, str]
PLAIN = "text/plain; charset=utf-8"


def key_id(name: str, algorithm: int, public: bytes) -> bytes:
    return hashlib.sha256(f"{name}\n".encode() + bytes([algorithm]) + public).digest()[:4]


def node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def roots(old: int, new: int, proof: list[bytes], old_root: bytes) -> tuple[bytes, bytes] | None:
    """The two roots that SUBPROOF (RFC 6962, 2.1.2) leads to, by its own recursion."""
    left = list(proof)

    def walk(old: int, new: int, *, known: bool) -> tuple[bytes, bytes]:
        if old == new:
            one = old_root if known else left.pop(0)
            return one, one
        half = 1 << ((new - 1).bit_length() - 1)
        if old <= half:
            before, after = walk(old, half, known=known)
            return before, node(after, left.pop(0))
        before, after = walk(old - half, new - half, known=False)
        sibling = left.pop(0)
        return node(sibling, before), node(sibling, after)

    try:
        found = walk(old, new, known=True)
    except IndexError:
        return None
    return None if left else found


class Witness:
    """The keys of the logs it knows, its own key, and what it signed last of each."""

    def __init__(self, state: Path, name: str, seed: str, vkeys: list[str]) -> None:
        self.state, self.name = state, name
        self.key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed))
        public = self.key.public_key().public_bytes_raw()
        self.id = key_id(name, 4, public)
        encoded = base64.b64encode(b"\x04" + public).decode()
        self.vkey = f"{name}+{self.id.hex()}+{encoded}"
        self.logs: dict[str, bytes] = {}
        for vkey in vkeys:
            log, _, key = vkey.split("+", 2)
            self.logs[log] = base64.b64decode(key)[1:]
        self.signed: dict[str, tuple[int, str, str]] = (
            json.loads(state.read_text("utf-8")) if state.exists() else {}
        )

    def add(self, body: str) -> Refusal:
        """Status, content type and body of the answer to add-checkpoint."""
        head, _, note = body.partition("\n\n")
        text, _, lines = note.rpartition("\n\n")
        origin, size_line, root_line = text.split("\n")[:3]
        if origin not in self.logs:
            return 404, PLAIN, ""
        if not self.verified(origin, text + "\n", lines):
            return 403, PLAIN, ""
        old_line, *proof_lines = head.split("\n")
        old, size, root = int(old_line.removeprefix("old ")), int(size_line), root_line
        if old > size:
            return 400, PLAIN, ""
        known, known_root, _ = self.signed.get(origin, (0, "", ""))
        if old != known:
            return 409, "text/x.tlog.size", f"{known}\n"
        if not self.goes_on(old, known_root, size, root, proof_lines):
            return 422, PLAIN, ""
        line = self.cosign(text + "\n")
        self.signed[origin] = (size, root, f"{note}{line}")
        self.state.write_text(json.dumps(self.signed), "utf-8")
        return 200, PLAIN, line

    def verified(self, origin: str, text: str, lines: str) -> bool:
        """Whether the log itself signed it."""
        public = Ed25519PublicKey.from_public_bytes(self.logs[origin])
        found = False
        for line in lines.splitlines():
            _, name, encoded = line.split(" ")
            content = base64.b64decode(encoded)
            if name == origin and content[:4] == key_id(origin, 1, self.logs[origin]):
                try:
                    public.verify(content[4:], text.encode())
                except InvalidSignature:
                    return False
                found = True
        return found

    def goes_on(self, old: int, old_root: str, size: int, root: str, lines: list[str]) -> bool:
        """Whether the proof shows that the tree goes on from the one that was signed."""
        proof = [base64.b64decode(line) for line in lines]
        if not size:
            return not proof and base64.b64decode(root) == hashlib.sha256().digest()
        if not old:
            return not proof
        before = base64.b64decode(old_root)
        return roots(old, size, proof, before) == (before, base64.b64decode(root))

    def cosign(self, text: str) -> str:
        """The signature line of a timestamped cosignature."""
        now = int(time.time())
        signature = self.key.sign(f"cosignature/v1\ntime {now}\n{text}".encode())
        content = base64.b64encode(self.id + now.to_bytes(8, "big") + signature).decode()
        return f"— {self.name} {content}\n"


class Handler(BaseHTTPRequestHandler):
    """add-checkpoint, and the checkpoint that was signed last."""

    witness: Witness

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.answer(
            *(self.witness.add(body) if self.path == "/add-checkpoint" else (404, PLAIN, ""))
        )

    def do_GET(self) -> None:
        for origin, (_, _, note) in self.witness.signed.items():
            if self.path == f"/{hashlib.sha256(origin.encode()).hexdigest()}/checkpoint":
                return self.answer(200, PLAIN, note)
        return self.answer(404, PLAIN, "")

    def answer(self, status: int, kind: str, body: str) -> None:
        content = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def main(state: str, name: str, seed: str, *vkeys: str) -> None:
    Handler.witness = Witness(Path(state), name, seed, list(vkeys))
    server = HTTPServer(("127.0.0.1", 0), Handler)
    sys.stdout.write(f"http://127.0.0.1:{server.server_port}\n{Handler.witness.vkey}\n")
    sys.stdout.flush()
    server.serve_forever()


main(*sys.argv[1:])
