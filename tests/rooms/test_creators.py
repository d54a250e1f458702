"""Becoming a creator."""

import pytest

from rooms.creators.operations import become_creator, open_payee_account
from rooms.errors import AlreadyCreatorError, InvalidFieldsError
from rooms.models import Creator, User
from tests.rooms import cast
from tests.rooms.cast import NOW


def test_it_gives_a_person_a_page(linus: User) -> None:
    made = become_creator(user_id=linus.id, handle="@Linus_T", display_name=" Linus ", bio="Kernels.", now=NOW)

    stored = Creator.objects.get()
    assert (stored.id, stored.user_id, stored.handle) == (made.id, linus.id, "linus_t")
    assert (stored.display_name, stored.bio, stored.payee_id) == ("Linus", "Kernels.", None)


@pytest.mark.parametrize("handle", ["", "a", "_ada", "ada_", "ada lovelace", "ada-l", "a" * 31, "ädä", "studio"])
def test_it_names_the_field_of_a_handle_that_cannot_be_taken(linus: User, handle: str) -> None:
    with pytest.raises(InvalidFieldsError) as refused:
        become_creator(user_id=linus.id, handle=handle, display_name="Linus", now=NOW)

    assert list(refused.value.errors) == ["handle"]
    assert not Creator.objects.exists()


def test_it_tells_every_fault_at_once(linus: User) -> None:
    with pytest.raises(InvalidFieldsError) as refused:
        become_creator(user_id=linus.id, handle="!", display_name=" ", bio="x" * 601, now=NOW)

    assert set(refused.value.errors) == {"handle", "display_name", "bio"}


def test_it_refuses_a_handle_that_is_taken(ada: Creator, linus: User) -> None:
    with pytest.raises(InvalidFieldsError, match="@ada is taken"):
        become_creator(user_id=linus.id, handle="ADA", display_name="Linus", now=NOW)

    assert Creator.objects.get() == ada


def test_it_makes_nobody_a_creator_twice(ada: Creator) -> None:
    with pytest.raises(AlreadyCreatorError) as refused:
        become_creator(user_id=ada.user_id, handle="countess", display_name="Ada", now=NOW)

    assert refused.value.handle == "ada"
    assert Creator.objects.get().handle == "ada"


def test_it_makes_a_creator_a_payee_once(db: None) -> None:
    ada = cast.creator("Ada Lovelace", can_be_paid=False)

    first = open_payee_account(creator_id=ada.id, country="US", now=NOW)
    again = open_payee_account(creator_id=ada.id, country="US", now=NOW)

    assert first.payee is not None
    assert first.payee.email == "ada@obole.example"
    assert again.payee_id == first.payee_id
