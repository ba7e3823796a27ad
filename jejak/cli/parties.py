"""For whoever runs a Jejak: the institutions that speak and listen."""

import re
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast, get_args

import typer
from pydantic import ValidationError

from jejak.cli import speech
from jejak.cli.options import HomeOption, JsonOption, services_of
from jejak.errors import Misuse
from jejak_schemas.codec import refusal_of
from jejak_schemas.credentials import Credentials
from jejak_schemas.parts import Institution, Role
from jejak_schemas.wire import AGENCY, FORMS

if TYPE_CHECKING:
    from jejak.provisioning import NewParty
    from jejak_lrs.ledger.batch import PartyChange

CodeArgument = Annotated[str, typer.Argument(help="The party's code.", show_default=False)]
OptionalCodeArgument = Annotated[
    str | None, typer.Argument(help="The party's code.", show_default=False)
]
NameOption = Annotated[str | None, typer.Option("--name", help="Its name; default the code.")]
PartitionsOption = Annotated[
    int | None,
    typer.Option(
        help="Partitions of its inbox, fixed for life once it is made; default 2.",
        min=1,
        max=64,
        show_default=False,
    ),
]
RoleOption = Annotated[
    list[str] | None,
    typer.Option("--role", help=f"One or more of: {', '.join(get_args(Role))}."),
]


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    party = typer.Typer(
        help="Institutions that emit or subscribe: add, list, suspend.", no_args_is_help=True
    )
    party.command("add")(add)
    party.command("commands")(print_commands)
    party.command("list")(list_parties)
    party.command("suspend")(suspend)
    app.add_typer(party, name="party")
    for role in ("provider", "agency"):
        shorthand = typer.Typer(
            help=f"The same as `jejak party add --role {role}`.", no_args_is_help=True
        )
        shorthand.command("add")(add_provider if role == "provider" else add_agency)
        shorthand.callback()(lambda: None)
        app.add_typer(shorthand, name=role)
    credentials = typer.Typer(help="What parties sign in with.", no_args_is_help=True)
    credentials.command("rotate")(rotate)
    credentials.command("retire")(retire)
    app.add_typer(credentials, name="credentials")


def add(
    code: CodeArgument,
    role: RoleOption = None,
    name: NameOption = None,
    partitions: PartitionsOption = None,
    prepared: Annotated[
        bool, typer.Option("--prepared", help="`jejak party commands` was run: do the rest.")
    ] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add an institution. Run again it does no harm, and the roles are those given then."""
    roles = tuple(role or ())
    add_party(code, roles, name, partitions, home, as_json=as_json, prepared=prepared)


def print_commands(
    code: CodeArgument,
    role: RoleOption = None,
    name: NameOption = None,
    partitions: PartitionsOption = None,
    home: HomeOption = None,
) -> None:
    """Print what administrators must run for an institution, where Jejak has no such rights."""
    from jejak import byhand  # noqa: PLC0415  not part of the plain install

    party = new_party(code, tuple(role or ()), name, partitions)
    _, services = services_of(home)
    speech.say(byhand.script(byhand.for_party(services, party)))
    speech.tell(f"run these as administrators, then `jejak party add {code} ... --prepared`")


def add_provider(
    code: CodeArgument,
    name: NameOption = None,
    partitions: PartitionsOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add a training provider."""
    add_party(code, ("provider",), name, partitions, home, as_json=as_json)


def add_agency(
    code: CodeArgument,
    name: NameOption = None,
    partitions: PartitionsOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add an agency."""
    add_party(code, ("agency",), name, partitions, home, as_json=as_json)


def new_party(
    code: str, roles: tuple[str, ...], name: str | None, partitions: int | None
) -> "NewParty":
    """The party that is meant; Misuse where a role, the code or the name cannot be."""
    from jejak import provisioning  # noqa: PLC0415  not part of the plain install

    if not roles or not set(roles) <= set(get_args(Role)):
        raise Misuse(f"--role must be one of {', '.join(get_args(Role))}")
    provisioning.check_code(code)
    if "agency" in roles and not re.fullmatch(AGENCY, code):
        raise Misuse(f"{code!r} {FORMS[AGENCY]}")
    once = cast("tuple[Role, ...]", tuple(dict.fromkeys(roles)))
    try:  # what the ledger is told last must not fail there, when everything else is made
        institution = Institution(code=code, name=name or code, roles=once)
    except ValidationError as exc:
        fault = refusal_of(exc)
        raise Misuse(f"--{fault.field}: {fault.detail}") from None
    return provisioning.NewParty(code, institution.name, once, partitions)


def add_party(
    code: str,
    roles: tuple[str, ...],
    name: str | None,
    partitions: int | None,
    home: Path | None,
    *,
    as_json: bool,
    prepared: bool = False,
) -> None:
    """Add one party and say where its credentials are."""
    from jejak import provisioning, registrar  # noqa: PLC0415  not part of the plain install

    party = new_party(code, roles, name, partitions)
    place, services = services_of(home)
    path = place.credentials_file(code)
    before = Credentials.load(path).roles if path.exists() else party.roles
    declare = registrar.declaring(services)
    provisioning.add_parties(services, place.credentials, [party], declare, prepared=prepared)
    said = ", ".join(party.roles)
    if set(before) != set(party.roles):
        speech.tell(f"{code} was {', '.join(before)}, and is {said} from now on")
    if registrar.suspensions(services, [code]):
        speech.tell(f"{code} is suspended: it may write again, but is refused until that has ended")
    if as_json:
        speech.answer_json({"party": code, "roles": party.roles, "credentials": path})
    else:
        speech.answer_pairs({"party": code, "roles": said, "credentials": path})


def list_parties(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """List the institutions of this home, and which of them are suspended."""
    from jejak import issuing, registrar  # noqa: PLC0415  not part of the plain install

    place, services = services_of(home)
    known = issuing.known_parties(place.credentials)
    suspended = registrar.suspensions(services, [one.party for one in known])
    if as_json:
        speech.answer_json([_document(one, suspended.get(one.party)) for one in known])
        return
    speech.answer_table(
        ("party", "roles", "inbox", "suspended"),
        [
            (one.party, ", ".join(one.roles), one.topics.inbox, _span(suspended.get(one.party)))
            for one in known
        ],
    )


def _document(party: Credentials, suspension: "PartyChange | None") -> dict[str, object]:
    return {
        "party": party.party,
        "roles": party.roles,
        "topics": party.topics.model_dump(),
        "suspended_since": suspension and suspension.valid_from,
        "suspended_until": suspension and suspension.valid_until,
    }


def _span(suspension: "PartyChange | None") -> str:
    if suspension is None:
        return ""
    until = f" until {suspension.valid_until}" if suspension.valid_until else ""
    return f"since {suspension.valid_from}{until}"


def suspend(
    code: CodeArgument,
    reason: Annotated[str, typer.Option(help="Why, as a code of the operator's.")] = "suspended",
    until: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            metavar="DATE",
            help="The suspension's last day; also ends one that has no end.",
        ),
    ] = None,
    home: HomeOption = None,
) -> None:
    """Take away an institution's right to write; it can still read what was sent to it.

    After its last day `jejak party add` gives the right back.
    """
    from jejak import provisioning, registrar  # noqa: PLC0415  not part of the plain install

    place, services = services_of(home)
    provisioning.known_party(place.credentials, code)
    try:
        registrar.suspend(services, code, reason, until.date() if until else None)
    except ValidationError as exc:
        fault = refusal_of(exc)
        option = "reason" if fault.field == "reason" else "until"
        before = "lies before the suspension's first day"
        raise Misuse(
            f"--{option} {before if fault.reason == 'impossible' else fault.detail}"
        ) from None
    provisioning.shut_out(services, code)
    standing = registrar.suspensions(services, [code]).get(code)
    why = f"suspended {_span(standing)}" if standing else "`jejak party add` gives the right back"
    speech.tell(f"{code} may not write: {why}")


def rotate(
    code: OptionalCodeArgument = None,
    at_once: Annotated[
        bool,
        typer.Option("--at-once", help="End the old password now: it has leaked, or is lost."),
    ] = False,
    own: Annotated[
        bool, typer.Option("--own", help="For Jejak's own users and roles, in place of a party.")
    ] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give a party a new password; the old one holds on until `jejak credentials retire`."""
    from jejak import rotating  # noqa: PLC0415  not part of the plain install

    place, services = services_of(home)
    if own == (code is not None):
        raise Misuse("name a party, or say --own")
    if code is None:
        rotating.rotate_own(services)
        speech.tell("Jejak's own users and roles have new passwords")
        return
    rotating.rotate(services, place.credentials, code, at_once=at_once)
    path = place.credentials_file(code)
    if as_json:
        speech.answer_json({"party": code, "credentials": path})
    else:
        speech.answer_pairs({"party": code, "credentials": path})
    if not at_once:
        speech.tell(f"the old password still holds: `jejak credentials retire {code}` ends it")


def retire(code: CodeArgument, home: HomeOption = None) -> None:
    """End the password that a party had before its last rotation."""
    from jejak import rotating  # noqa: PLC0415  not part of the plain install

    place, services = services_of(home)
    rotating.retire(services, place.credentials, code)
    speech.tell(f"{code} signs in with its newest password only")
