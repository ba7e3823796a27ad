"""The names of agencies' roles cannot carry anything but a code."""

import pytest

from jejak_lrs import roles


def test_an_agencys_role_is_named_by_its_code() -> None:
    assert roles.agency_role("2060") == "jejak_agency_2060"


@pytest.mark.parametrize("code", ["", "x; DROP TABLE record", 'a"b', "A", "-a", "x" * 40, "2060\n"])
def test_a_bad_code_names_no_role(code: str) -> None:
    with pytest.raises(ValueError, match="not a party code"):
        roles.agency_role(code)
