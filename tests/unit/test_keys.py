"""The signing key: in a file that only its owner reads, or in the environment, and nowhere else."""

import os
import stat
from pathlib import Path

import pytest

from jejak import cli, keys
from jejak.errors import Fatal
from jejak.home import Home, Secrets
from jejak_lrs.tlog import note
from jejak_lrs.tlog.errors import Malformed
from jejak_lrs.tlog.keys import Keys
from jejak_lrs.tlog.note import Signer

ORIGIN = "log.example/jejak"


@pytest.fixture
def secrets(tmp_path: Path) -> Secrets:
    return Secrets(tmp_path / "secrets")


def test_a_key_is_made_once_and_only_its_owner_reads_it(secrets: Secrets) -> None:
    with pytest.raises(Fatal, match="jejak key new"):
        keys.load(secrets, {})
    keys.ensure(secrets, {})
    made = keys.load(secrets, {})
    keys.ensure(secrets, {})
    assert keys.load(secrets, {}).text == made.text
    assert stat.S_IMODE((secrets.folder / keys.NAME).stat().st_mode) == 0o600


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o777])
def test_a_key_that_others_may_read_is_refused(secrets: Secrets, mode: int) -> None:
    keys.new(secrets)
    (secrets.folder / keys.NAME).chmod(mode)
    for act in (lambda: keys.load(secrets, {}), lambda: keys.new(secrets)):
        with pytest.raises(Fatal, match="chmod 600"):
            act()


def test_the_environment_comes_before_the_file_and_makes_none(secrets: Secrets) -> None:
    held = Keys(Signer.new("elsewhere"))
    environment = {keys.VARIABLE: held.text}
    keys.ensure(secrets, environment)
    assert not (secrets.folder / keys.NAME).exists()
    keys.new(secrets)
    assert keys.load(secrets, environment).text == held.text


def test_a_new_key_keeps_the_old_ones_listed_and_none_of_their_secrets(secrets: Secrets) -> None:
    first, second, third = (keys.new(secrets) for _ in range(3))
    loaded = keys.load(secrets, {})
    assert loaded.text == third.text
    assert loaded.former == (second.current.verifier, first.current.verifier)
    text = (secrets.folder / keys.NAME).read_text("utf-8")
    assert first.current.secret not in text
    assert second.current.secret not in text
    signed = note.sign("of before\n", first.signer(ORIGIN))
    assert note.opened(signed, *loaded.verifiers(ORIGIN)) == "of before\n"


def test_what_is_no_key_is_said_without_a_word_of_it(secrets: Secrets) -> None:
    held = keys.new(secrets)
    secret = held.current.secret
    for text in ("", "\n", secret[:-1], f"{secret}\nnonsense", secret.split("+", 2)[2]):
        with pytest.raises(Malformed) as caught:
            Keys.parse(text)
        assert secret[-20:-1] not in str(caught.value)
    secrets.put(keys.NAME, secret[:-1])
    with pytest.raises(Fatal, match="holds no signing key") as said:
        keys.load(secrets, {})
    assert secret[-20:-1] not in str(said.value)


def test_key_new_asks_before_it_replaces_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(keys.VARIABLE, raising=False)
    home = Home(tmp_path / "home")
    words = ["key", "new", "--home", str(home.path)]
    assert cli.run(words, debug=False) == 0
    first = keys.load(home.secrets, os.environ)
    said = capsys.readouterr()
    assert first.current.verifier.public.hex() in said.out
    assert first.current.secret not in said.out + said.err
    assert cli.run([*words, "--yes"], debug=False) == 0
    assert keys.load(home.secrets, os.environ).former == (first.current.verifier,)
    assert home.secrets.folder.stat().st_mode & 0o077 == 0
