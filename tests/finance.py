"""Fin's place in the group that does finance, for any test that has a person."""

from typing import TypeVar

from django.contrib.auth.models import AbstractUser, Group

from config.staff import FINANCE

P = TypeVar("P", bound=AbstractUser)


def in_finance(person: P) -> P:
    """The person, who may now do what finance does, and is no superuser."""
    person.groups.add(Group.objects.get(name=FINANCE))
    return person
