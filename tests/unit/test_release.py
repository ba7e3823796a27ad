"""A release freezes what the models say, and refuses what could not be read for ever."""

import subprocess
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from pydantic import BaseModel, create_model

from jejak_schemas import avro, evolution, release
from jejak_schemas.upcasting import STEPS, Steps, fills, unchanged

FIRST: dict[str, Any] = {"title": (str, ...), "hours": (int, ...), "note": (str | None, None)}


class Room(BaseModel):
    """Where it was."""

    number: int


class Course(BaseModel):
    """Something learnt."""

    title: str
    hours: int
    note: str | None = None


class Plan(BaseModel):
    """Another class."""

    code: str


def course(**fields: Any) -> type[BaseModel]:
    """The class with other fields; None takes one away."""
    said = {name: what for name, what in (FIRST | fields).items() if what is not None}
    return create_model("Course", __doc__=Course.__doc__, **said)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Version 1 of two classes is released."""
    assert ran(tmp_path, Course, Plan) == 0
    return tmp_path


def ran(folder: Path, *models: type[BaseModel], steps: Steps = STEPS, say: str = "") -> int:
    return release.main([*say.split(), "--folder", str(folder)], models, steps)


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_first_release_is_version_1_and_the_draft_goes(tmp_path: Path) -> None:
    (tmp_path / "Course.v0.avsc").write_text(avro.text_of(Course))
    assert ran(tmp_path, Course) == 0
    assert sorted(content(tmp_path)) == ["Course.v1.avsc", "RELEASED"]
    assert (tmp_path / "Course.v1.avsc").read_text() == avro.text_of(Course)


def test_anybody_can_check_the_list_without_us(folder: Path) -> None:
    done = subprocess.run(["sha256sum", "--check", "RELEASED"], cwd=folder, check=True)
    assert done.returncode == 0


def test_what_is_released_already_is_not_released_again(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = content(folder)
    assert ran(folder, Course, Plan) == 0
    assert content(folder) == before
    assert "nothing to release" in capsys.readouterr().out


def test_only_the_classes_named_are_released(tmp_path: Path) -> None:
    assert ran(tmp_path, Course, Plan, say="Plan") == 0
    assert [one.file for one in avro.releases(tmp_path)] == ["Plan.v1.avsc"]


def test_a_name_that_no_class_has_is_an_error_of_use(tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as ended:
        ran(tmp_path, Course, say="Corse")
    assert ended.value.code == 2


def test_a_new_optional_field_becomes_version_2(folder: Path) -> None:
    before = content(folder)
    steps = {("Course", 1): fills(room=None)}
    assert ran(folder, course(room=(str | None, None)), Plan, steps=steps) == 0
    after = content(folder)
    assert [one.file for one in avro.releases(folder)] == [
        "Course.v1.avsc",
        "Course.v2.avsc",
        "Plan.v1.avsc",
    ]
    assert {name: after[name] for name in before if name != "RELEASED"} == {
        name: raw for name, raw in before.items() if name != "RELEASED"
    }


def test_better_words_need_no_version(folder: Path) -> None:
    said = create_model("Course", __doc__="Better words.", **FIRST)
    before = content(folder)
    assert ran(folder, said, Plan) == 0
    assert ran(folder, said, Plan, say="--check") == 0
    assert content(folder) == before


TWINS = (
    "version 2 has the fingerprint of Course version 1: on the wire nobody could tell them apart, "
    "for docs, defaults, aliases and logical types do not count"
)
NO_DEFAULT = "has no default, and is not among the written fields"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"room": (str, ...)}, [f"version 2 cannot read version 1: room: {NO_DEFAULT}"]),
        ({"title": None}, [f"version 1 cannot read version 2: title: {NO_DEFAULT}"]),
        (
            {"title": None, "name": (str, ...)},
            [
                f"version 2 cannot read version 1: name: {NO_DEFAULT}",
                f"version 1 cannot read version 2: title: {NO_DEFAULT}",
            ],
        ),
        (
            {"hours": (str, ...)},
            [
                "version 2 cannot read version 1: hours: is string, and was written as long",
                "version 1 cannot read version 2: hours: is long, and was written as string",
            ],
        ),
        (
            {"hours": (int | None, None)},
            ["version 1 cannot read version 2: hours: is long, and was written as null"],
        ),
        (
            {"note": (tuple[str, ...], ())},
            [
                "version 2 cannot read version 1: note: is array, and was written as null",
                "version 2 cannot read version 1: note: is array, and was written as string",
                "version 1 cannot read version 2: note: has no branch for array",
            ],
        ),
        (
            {"note": (UUID | None, None)},
            [TWINS],
        ),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_bad_change_is_refused_and_nothing_is_written(
    folder: Path, capsys: pytest.CaptureFixture[str], fields: dict[str, Any], said: list[str]
) -> None:
    before = content(folder)
    assert ran(folder, course(**fields), Plan, steps={("Course", 1): unchanged}) == 1
    assert capsys.readouterr().err.splitlines() == [f"Course: {line}" for line in said]
    assert content(folder) == before


def test_one_fault_holds_up_every_class(folder: Path) -> None:
    good = create_model("Plan", code=(str, ...), year=(int | None, None))
    steps = {("Plan", 1): fills(year=None), ("Course", 1): unchanged}
    before = content(folder)
    assert ran(folder, course(room=(str, ...)), good, steps=steps) == 1
    assert content(folder) == before
    assert ran(folder, course(room=(str, ...)), good, steps=steps, say="Plan") == 0


def test_a_version_without_a_step_to_it_is_refused_with_the_line_to_add(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ran(folder, course(room=(str | None, None)), Plan) == 1
    assert capsys.readouterr().err == (
        "Course: no step leads to version 2: add to upcasting.py  "
        '("Course", 1): fills(room=None),\n'
    )


def test_a_deeper_change_is_told_to_need_a_step_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    larger = create_model("Room", number=(int, ...), floor=(int | None, None))
    assert ran(tmp_path, course(room=(Room, ...))) == 0
    assert ran(tmp_path, course(room=(larger, ...))) == 1
    assert '("Course", 1): unchanged,' in capsys.readouterr().err
    assert ran(tmp_path, course(room=(larger, ...)), steps={("Course", 1): unchanged}) == 0


def test_a_version_must_agree_with_every_earlier_one_not_only_the_last(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    steps = {("Course", 1): fills(room=None), ("Course", 2): unchanged}
    assert ran(folder, course(room=(str | None, None)), Plan, steps=steps) == 0
    assert ran(folder, course(), Plan, steps=steps) == 1
    assert "version 3 has the fingerprint of Course version 1" in capsys.readouterr().err
    other = course(note=None, room=(str | None, None), memo=(str | None, None))
    assert ran(folder, other, Plan, steps=steps) == 0
    back = course(note=(int | None, None), room=(str | None, None), memo=(str | None, None))
    assert ran(folder, back, Plan, steps=steps | {("Course", 3): unchanged}) == 1
    assert {line.split(": ")[1] for line in capsys.readouterr().err.splitlines()} == {
        f"version {reader} cannot read version {writer}"
        for reader, writer in [(4, 1), (1, 4), (4, 2), (2, 4)]
    }


class TestCheck:
    """`--check` judges what is released, and writes nothing."""

    def told(self, folder: Path, *models: type[BaseModel], steps: Steps = STEPS) -> list[str]:
        return [str(one) for one in evolution.check_released(folder, models, steps)]

    def test_nothing_is_said_where_all_is_released(self, folder: Path) -> None:
        assert self.told(folder, Course, Plan) == []

    def test_a_changed_byte_of_a_released_file_is_found(self, folder: Path) -> None:
        file = folder / "Course.v1.avsc"
        file.write_text(file.read_text().rstrip("\n"))
        said = ["Course.v1.avsc: its bytes are not those of RELEASED: bring them back"]
        assert self.told(folder, Course, Plan) == said
        assert ran(folder, course(room=(str | None, None)), Plan) == 1

    def test_a_released_file_that_is_gone_is_found(self, folder: Path) -> None:
        (folder / "Course.v1.avsc").unlink()
        said = ["Course.v1.avsc: is gone, and RELEASED has it: bring it back"]
        assert self.told(folder, Course, Plan) == said

    @pytest.mark.parametrize("name", ["Course.v2.avsc", "Course.v0.avsc", "course.avsc"])
    def test_a_file_that_nobody_released_is_found(self, folder: Path, name: str) -> None:
        (folder / name).write_text("{}")
        said = [f"{name}: is not on RELEASED: only a release makes such files"]
        assert self.told(folder, Course, Plan) == said

    def test_a_line_that_is_none_is_an_error(self, folder: Path) -> None:
        (folder / "RELEASED").write_text("Course.v1.avsc\n")
        with pytest.raises(ValueError, match="no SHA-256"):
            self.told(folder, Course, Plan)

    def test_a_class_that_is_gone_is_found(self, folder: Path) -> None:
        said = ["Course: is no class of the catalogue or of what we send"]
        assert self.told(folder, Plan) == said

    def test_a_class_that_was_never_released_is_found(self, folder: Path) -> None:
        said = ["Room: was never released: python -m jejak_schemas.release Room"]
        assert self.told(folder, Course, Plan, Room) == said

    def test_a_model_that_has_changed_is_found(self, folder: Path) -> None:
        said = (
            "Course: its model says something else than version 1: "
            "python -m jejak_schemas.release Course"
        )
        assert self.told(folder, course(room=(str | None, None)), Plan) == [said]
        assert ran(folder, course(room=(str | None, None)), Plan, say="--check") == 1

    def test_a_step_that_was_taken_away_is_found(self, folder: Path) -> None:
        grown = course(room=(str | None, None))
        assert ran(folder, grown, Plan, steps={("Course", 1): unchanged}) == 0
        assert self.told(folder, grown, Plan)[0].startswith("Course: no step leads to version 2")
        with pytest.raises(LookupError, match="no step after version 1"):
            avro.shelf(folder, (grown, Plan))
