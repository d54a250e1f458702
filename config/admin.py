"""The finance admin: who may enter, and how its sidebar is ordered."""

from typing import Any

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import NoReverseMatch, reverse
from django.utils.http import urlencode
from unfold.sites import UnfoldAdminSite


class FinanceAdminSite(UnfoldAdminSite):  # type: ignore[misc]  # django-unfold is untyped
    """Only staff who signed in through the site's own login, second factor included, may enter."""

    def has_permission(self, request: HttpRequest) -> bool:
        """True for active staff with a second factor set up."""
        user = request.user
        if isinstance(user, AnonymousUser) or not (user.is_active and user.is_staff):
            return False
        return bool(is_mfa_enabled(user))

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Send people to the site's login, and staff without a second factor to set one up."""
        if self.has_permission(request):
            return redirect("admin:index")
        user = request.user
        if user.is_authenticated and user.is_staff:
            messages.warning(request, "Finance staff need a second factor. Set one up, then open the admin again.")
            return redirect("mfa_activate_totp")
        if user.is_authenticated:
            messages.error(request, "That page is for finance staff.")
            return redirect("home")
        query = urlencode({"next": request.GET.get("next", reverse("admin:index"))})
        return HttpResponseRedirect(f"{reverse('account_login')}?{query}")


def environment_badge(request: HttpRequest) -> list[str]:
    """Say in the header whether this is real money."""
    if settings.STRIPE_LIVEMODE:
        return ["Live money", "danger"]
    return ["Sandbox" if settings.STRIPE_API_BASE else "Stripe test mode", "info"]


# (section, [(title, icon, admin url name)]). A name that no app registers is left out, and so is what one may not see.
SECTIONS = [
    ("Money", [
        ("Sales", "sell", "admin:payouts_sale_changelist"),
        ("Refunds", "undo", "admin:payouts_refund_changelist"),
        ("Suspense", "pending_actions", "admin:payouts_suspense"),
        ("Disputes", "gavel", "admin:payouts_dispute_changelist"),
        ("Fraud warnings", "gpp_maybe", "admin:payouts_earlyfraudwarning_changelist"),
        ("Billing", "autorenew", "admin:payouts_billingsubscription_changelist"),
        ("Customers", "credit_card", "admin:payouts_customer_changelist"),
        ("Wallets", "stars", "admin:payouts_wallet_changelist"),
        ("Payees", "group", "admin:payouts_payee_changelist"),
        ("Payouts", "payments", "admin:payouts_payout_changelist"),
        ("Payout runs", "event_repeat", "admin:payouts_payoutrun_changelist"),
    ]),
    ("Ledger", [
        ("Accounts", "account_balance_wallet", "admin:ledger_account_changelist"),
        ("Transactions", "receipt_long", "admin:ledger_transaction_changelist"),
        ("Entries", "list_alt", "admin:ledger_entry_changelist"),
    ]),
    ("Stripe", [
        ("Events (inbox)", "move_to_inbox", "admin:payouts_stripeevent_changelist"),
        ("Calls (outbox)", "outbox", "admin:payouts_stripecall_changelist"),
        ("Balance transactions", "sync_alt", "admin:payouts_balancetransaction_changelist"),
        ("Differences", "difference", "admin:payouts_reconciliationbreak_changelist"),
    ]),
    ("Rooms", [
        ("Rooms", "graphic_eq", "admin:rooms_room_changelist"),
        ("Tickets", "confirmation_number", "admin:rooms_ticket_changelist"),
        ("Plans", "loyalty", "admin:rooms_plan_changelist"),
        ("Subscriptions", "card_membership", "admin:rooms_subscription_changelist"),
        ("Months given", "redeem", "admin:rooms_gift_changelist"),
        ("Tips", "volunteer_activism", "admin:rooms_tip_changelist"),
        ("Donations", "favorite", "admin:rooms_donation_changelist"),
        ("Packs of Stars", "stars", "admin:rooms_starorder_changelist"),
        ("Stars given", "star", "admin:rooms_startip_changelist"),
        ("Creators", "mic", "admin:rooms_creator_changelist"),
        ("Charities", "diversity_1", "admin:rooms_charity_changelist"),
        ("People", "person", "admin:rooms_user_changelist"),
        ("Mail", "mail", "admin:rooms_mail_changelist"),
    ]),
]  # fmt: skip

PERMISSIONS = {"admin:payouts_suspense": ("payouts", "sale")}


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The sidebar, in the order in which money flows: what the person may look at, the page that is open marked."""
    sections = [(title, [link for item in items if (link := _link(*item, request))]) for title, items in SECTIONS]
    beginnings = [link["link"] for _, links in sections for link in links if request.path.startswith(link["link"])]
    here = max(beginnings, key=len, default="")  # suspense lies below sales
    for _, links in sections:
        for link in links:
            link["active"] = link["link"] == here
    return [{"title": title, "separator": True, "items": links} for title, links in sections if links]


def _link(title: str, icon: str, name: str, request: HttpRequest) -> dict[str, Any] | None:
    try:
        link = reverse(name)
    except NoReverseMatch:
        return None
    app, model = PERMISSIONS.get(name) or name.removeprefix("admin:").removesuffix("_changelist").split("_")
    return {"title": title, "icon": icon, "link": link} if request.user.has_perm(f"{app}.view_{model}") else None
