"""Who may speak, on which day."""

from datetime import date

from jejak_lrs.ledger.batch import PartyChange
from jejak_lrs.ledger.parties import Parties

JAN, FEB, MAR, APR = (date(2026, month, 1) for month in range(1, 5))


def declared(*roles: str, since: date = JAN, until: date | None = None) -> PartyChange:
    return PartyChange("pusat", "PartyDeclared", since, until, roles=roles)


def suspended(since: date, until: date | None = None) -> PartyChange:
    return PartyChange("pusat", "PartySuspended", since, until)


def accredited(
    since: date = JAN,
    until: date | None = None,
    senders: tuple[str, ...] = (),
    forms: tuple[str, ...] = (),
) -> PartyChange:
    return PartyChange("pusat", "ProviderAccredited", since, until, senders=senders, forms=forms)


def test_a_party_has_its_roles_from_its_first_day() -> None:
    parties = Parties.of([declared("provider", since=FEB)])

    assert parties.roles_of("pusat", JAN) == frozenset()
    assert parties.roles_of("pusat", FEB) == {"provider"}
    assert parties.roles_of("other", FEB) == frozenset()
    assert parties.codes() == {"pusat"}


def test_a_later_declaration_holds_from_its_own_first_day() -> None:
    parties = Parties.of([declared("provider"), declared("provider", "agency", since=MAR)])

    assert parties.roles_of("pusat", FEB) == {"provider"}
    assert parties.roles_of("pusat", MAR) == {"provider", "agency"}


def test_a_declaration_for_the_same_day_is_corrected_by_the_next() -> None:
    parties = Parties.of([declared("provider"), declared("agency", until=FEB)])

    assert parties.roles_of("pusat", FEB) == {"agency"}
    assert parties.roles_of("pusat", MAR) == frozenset()


def test_a_suspension_holds_until_it_is_stated_again_with_an_end() -> None:
    open_ended = Parties.of([declared("provider"), suspended(FEB)])
    lifted = Parties.of([declared("provider"), suspended(FEB), suspended(FEB, FEB)])

    assert not open_ended.is_suspended("pusat", JAN)
    assert open_ended.is_suspended("pusat", APR)
    assert lifted.is_suspended("pusat", FEB)
    assert not lifted.is_suspended("pusat", MAR)
    assert open_ended.suspension("pusat", APR) == suspended(FEB)
    assert lifted.suspension("pusat", FEB) == suspended(FEB, FEB)
    assert lifted.suspension("pusat", MAR) is None


def test_an_accreditation_holds_in_its_window_and_for_its_forms() -> None:
    parties = Parties.of([accredited(FEB, MAR, forms=("5", "6"))])

    assert [parties.accredited("pusat", None, on) for on in (JAN, FEB, MAR, APR)] == [
        False,
        True,
        True,
        False,
    ]
    assert parties.accredited("pusat", "5", FEB)
    assert not parties.accredited("pusat", "7", FEB)


def test_a_suspended_provider_is_not_accredited() -> None:
    suspension = PartyChange("pusat", "ProviderSuspended", FEB, FEB)
    parties = Parties.of([accredited(), suspension])

    assert parties.accredited("pusat", "5", JAN)
    assert not parties.accredited("pusat", "5", FEB)
    assert parties.accredited("pusat", "5", MAR)


def test_a_technical_sender_may_speak_where_an_accreditation_names_it() -> None:
    parties = Parties.of([accredited(FEB, senders=("vendor",))])

    assert parties.may_speak_for("vendor", "pusat", FEB)
    assert not parties.may_speak_for("vendor", "pusat", JAN)
    assert not parties.may_speak_for("stranger", "pusat", FEB)
