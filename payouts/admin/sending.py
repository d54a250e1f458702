"""The page that asks before evidence is sent to the bank, which takes it once."""

import hashlib
import json

from django.contrib import messages
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from config import clock
from payouts.admin.parts import money
from payouts.disputes import answering
from payouts.disputes.answering import NotAnswerableError
from payouts.disputes.evidence import fields_for, labelled
from payouts.models import Dispute


class Sending:
    """Mixed into the disputes' admin: the page /<dispute>/send/."""

    def get_urls(self) -> list[URLPattern]:
        """The page's address before the admin's own."""
        view = self.admin_site.admin_view(self.send_view)  # type: ignore[attr-defined]
        own = [path("<path:object_id>/send/", view, name="payouts_dispute_send")]
        return [*own, *super().get_urls()]  # type: ignore[misc]

    def send_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """GET shows what the bank would get; POST sends just that."""
        dispute = get_object_or_404(Dispute.objects.select_related("sale"), pk=unquote(object_id))
        if not request.user.has_perm("payouts.change_dispute"):
            raise PermissionDenied
        back = reverse("admin:payouts_dispute_change", args=[quote(dispute.pk)])
        if request.method == "POST" and _sent(request, dispute):
            return redirect(back)
        if not dispute.can_be_answered or not dispute.evidence:
            if request.method == "GET":
                messages.error(request, "There is nothing to send: it is empty, sent, or not asked for any more.")
            return redirect(back)
        kept = answering.kept_at_stripe(dispute)
        empty = [each.label for each in fields_for(dispute) if not {**kept, **dispute.evidence}.get(each.name)]
        context = {
            **self.admin_site.each_context(request),  # type: ignore[attr-defined]
            "opts": Dispute._meta,  # noqa: SLF001 (Django's own name for it)
            "title": "Send to the bank?",
            "dispute": dispute,
            "disputed": money(dispute.amount_minor, dispute.currency),
            "texts": labelled(dispute.evidence),
            "kept": labelled(kept),
            "empty": empty,
            "shown": fingerprint(dispute),
            "back": back,
        }
        return TemplateResponse(request, "admin/payouts/dispute/send.html", context)


def fingerprint(dispute: Dispute) -> str:
    """Of the evidence as it was shown."""
    return hashlib.sha256(json.dumps(dispute.evidence, sort_keys=True).encode()).hexdigest()


def _sent(request: HttpRequest, dispute: Dispute) -> bool:
    """Whether it is on its way; else a message says why not."""
    if request.POST.get("shown") != fingerprint(dispute):
        messages.warning(request, "The evidence was changed since it was shown. Look at it once more.")
        return False
    try:
        answering.submit(dispute_id=dispute.id, texts=dispute.evidence, actor=who(request), now=clock.now())
    except NotAnswerableError as error:
        messages.error(request, str(error))
        return False
    messages.success(request, "On its way to the bank. It can be sent once: what comes now is the bank's decision.")
    return True


def who(request: HttpRequest) -> str:
    """How the person is written down."""
    return f"staff:{request.user.pk}"
