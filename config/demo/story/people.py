"""Accounts of the story: made once, found again when the story goes on after an interruption."""

from datetime import datetime

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib.auth.models import Group

from config.demo.story.cast import CHARITY, PASSWORD, PEOPLE, Person
from config.demo.story.sandbox import Sandbox
from config.staff import FINANCE
from payouts.models import Payee
from payouts.payees import operations as payees
from rooms.creators import operations as creators
from rooms.donations.operations import open_charity
from rooms.models import Charity, Creator, User
from rooms.tips.operations import switch_tips


def settle_in(*, sandbox: Sandbox, site: str, now: datetime) -> dict[str, User]:
    """Everybody's account by e-mail; creators onboarded at the sandbox through an account link, as on the page."""
    users = {person.email: _account(person, now=now) for person in PEOPLE}
    for person in PEOPLE:
        if person.handle:
            _creator(person, users[person.email], sandbox=sandbox, site=site, now=now)
        if person.staff:
            _finance(users[person.email])
    _charity(sandbox=sandbox, site=site, now=now)
    return users


def _account(person: Person, *, now: datetime) -> User:
    present = User.objects.filter(email=person.email).first()
    if present:
        return present
    user = User.objects.create_user(
        person.email,
        PASSWORD,
        display_name=person.name,
        is_staff=person.staff,
        date_joined=now,
    )
    EmailAddress.objects.create(user=user, email=person.email, verified=True, primary=True)
    return user


def _finance(user: User) -> None:
    """In the group that does finance, with a second factor; no superuser."""
    user.groups.add(Group.objects.get(name=FINANCE))
    if not Authenticator.objects.filter(user=user).exists():
        TOTP.activate(user, generate_totp_secret())


def _creator(person: Person, user: User, *, sandbox: Sandbox, site: str, now: datetime) -> None:
    creator = Creator.objects.filter(user=user).first() or creators.become_creator(
        user_id=user.id, handle=person.handle, display_name=person.name, bio=person.bio, now=now
    )
    if creator.payee_id is None:
        creator = creators.open_payee_account(creator_id=creator.id, country="US", now=now)
    switch_tips(creator_id=creator.id, on=True)
    if creator.payee is not None:
        _onboard(creator.payee, person, sandbox=sandbox, back=f"{site}/studio/", now=now)


def _charity(*, sandbox: Sandbox, site: str, now: datetime) -> None:
    charity = Charity.objects.filter(name=CHARITY.name).first() or open_charity(
        name=CHARITY.name, email=CHARITY.email, country="US", about=CHARITY.bio, now=now
    )
    _onboard(charity.payee, CHARITY, sandbox=sandbox, back=site, now=now)


def _onboard(payee: Payee, person: Person, *, sandbox: Sandbox, back: str, now: datetime) -> None:
    if payee.transfers_state != payee.TransfersState.ACTIVE:
        link = payees.onboarding_url(payee_id=payee.id, return_url=back, refresh_url=back, now=now)
        sandbox.onboard(link, name=person.name)
