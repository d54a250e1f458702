"""Who may enter the studio."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect

from rooms.models import Creator, User

View = Callable[..., HttpResponseBase]


def creator_of(request: HttpRequest) -> Creator | None:
    """The creator page of the person who is signed in, with its payee, or None."""
    return Creator.objects.select_related("user", "payee").filter(user=user_of(request)).first()


def user_of(request: HttpRequest) -> User:
    """The person who is signed in.

    Raises:
        PermissionDenied: nobody is.
    """
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def creator_required(view: View) -> View:
    """Call the view with the person's own `creator`; send others to sign in, or to become a creator."""

    @wraps(view)
    @login_required
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        creator = creator_of(request)
        if creator is None:
            return redirect("studio:start")
        return view(request, *args, creator=creator, **kwargs)

    return guarded


def payee_id_of(creator: Creator) -> UUID:
    """The creator's payee.

    Raises:
        Http404: nothing was ever owed to this creator, since payouts were never set up.
    """
    if creator.payee_id is None:
        raise Http404("Payouts are not set up")
    return creator.payee_id
