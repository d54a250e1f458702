"""/api/v1/plans/ and /api/v1/subscriptions/"""

from datetime import timedelta
from uuid import uuid4

from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from config import clock
from payouts.models import BillingSubscription, StripeCall
from rooms.models import Creator, Subscription, SubscriptionRecord, User
from rooms.purchases import refund_policy
from rooms.subscriptions.plans import retire_plan
from tests.api.problems import problem
from tests.rooms import cast
from tests.rooms.subscriptions import patron

ONE = {"Idempotency-Key": "one"}


def test_it_lists_plans_with_who_gets_what(visitor: APIClient, ada: Creator) -> None:
    now = clock.now()
    gold = patron.plan(ada, now=now)
    patron.plan(ada, now=now, name="Friend", price_minor=299)
    listed = visitor.get("/api/v1/creators/ada/plans/").json()
    assert [(each["name"], each["price_minor"]) for each in listed] == [("Friend", 299), ("Gold", 499)]
    document = visitor.get(f"/api/v1/plans/{gold.id}/").json()
    assert "Cancel at any time" in document["refund_policy"]["text"]
    quote = document["quote"]
    assert [(each["kind"], each["amount_minor"]) for each in quote["receivers"]] == [
        ("creator", 440),
        ("platform", 15),
        ("processor", 44),
    ]


def test_the_same_key_opens_one_subscription(listener: APIClient, ada: Creator, linus: User) -> None:
    gold = patron.plan(ada, now=clock.now())
    url = f"/api/v1/plans/{gold.id}/subscriptions/"
    first, again = listener.post(url, headers=ONE), listener.post(url, headers=ONE)
    made = Subscription.objects.get()
    assert (first.status_code, again.status_code, again["Idempotent-Replayed"]) == (201, 201, "true")
    assert first["Location"] == f"/api/v1/subscriptions/{made.id}/"
    assert first.json() == again.json()
    assert (first.json()["state"], made.subscriber) == ("incomplete", linus)
    assert listener.post(url, headers={"Idempotency-Key": "two"}).status_code == 200
    assert BillingSubscription.objects.count() == 1
    problem(listener.post(url), status=400, code="idempotency-key-missing")


def test_the_policy_that_was_accepted_is_kept(listener: APIClient, ada: Creator) -> None:
    gold = patron.plan(ada, now=clock.now())
    url, version = f"/api/v1/plans/{gold.id}/subscriptions/", refund_policy.VERSIONS[0].version
    body = {"refund_policy": version}
    assert listener.post(url, body, format="json", headers=ONE, REMOTE_ADDR="203.0.113.7").status_code == 201
    record = SubscriptionRecord.objects.get()
    assert (record.ip, record.refund_policy) == ("203.0.113.7", version)
    other = listener.post(url, {"refund_policy": "1999-01"}, format="json", headers={"Idempotency-Key": "two"})
    assert problem(other, status=400, code="invalid")["errors"][0]["pointer"] == "/refund_policy"


def test_refusals_are_problems_and_leave_the_key_free(listener: APIClient, ada: Creator, linus: User) -> None:
    now = clock.now()
    gold, silver = patron.plan(ada, now=now), patron.plan(ada, now=now, name="Silver")
    host = APIClient()
    host.force_login(ada.user)
    url = f"/api/v1/plans/{gold.id}/subscriptions/"
    problem(host.post(url, headers=ONE), status=409, code="own-plan")
    retire_plan(plan_id=silver.id, creator_id=ada.id, now=now)
    refused = listener.post(f"/api/v1/plans/{silver.id}/subscriptions/", headers=ONE)
    assert problem(refused, status=409, code="plan-not-sold")["retired"] is True
    present = patron.subscription(gold, linus, now=now)
    document = problem(listener.post(url, headers=ONE), status=409, code="already-subscribed")
    assert (document["subscription_id"], document["state"]) == (str(present.id), "active")


def test_the_end_is_decided_once_and_only_by_its_subscriber(listener: APIClient, ada: Creator, linus: User) -> None:
    present = patron.subscription(patron.plan(ada, now=clock.now()), linus, now=clock.now())
    other = APIClient()
    other.force_login(cast.person("Margaret"))
    url = f"/api/v1/subscriptions/{present.id}"
    for deed in ("cancel", "resume", "portal"):
        problem(other.post(f"{url}/{deed}/", {}, format="json"), status=404, code="not-found")
    for deed in ("change", "change/preview"):
        problem(other.post(f"{url}/{deed}/", {"plan": str(uuid4())}, format="json"), status=404, code="not-found")
    problem(other.get(f"{url}/invoices/"), status=404, code="not-found")
    problem(other.get(f"{url}/invoices/{uuid4()}/receipt/"), status=404, code="not-found")
    assert listener.get(f"{url}/").json()["has_access"] is True
    assert listener.post(f"{url}/resume/").status_code == 200  # there is nothing to take back
    assert not StripeCall.objects.filter(operation="subscription.update").exists()
    assert listener.post(f"{url}/cancel/", {}, format="json").status_code == 200
    (call,) = StripeCall.objects.filter(operation="subscription.update")
    assert '"cancel_at_period_end":true' in call.body
    again = listener.post(f"{url}/cancel/", {}, format="json")
    assert "under way" in problem(again, status=409, code="subscription-not-changed")["detail"]
    assert StripeCall.objects.filter(operation="subscription.update").count() == 1
    faulty = problem(listener.post(f"{url}/change/", {"plan": "gold"}, format="json"), status=400, code="invalid")
    assert [fault["pointer"] for fault in faulty["errors"]] == ["/plan"]
    unknown = listener.post(f"{url}/change/", {"plan": str(uuid4())}, format="json")
    problem(unknown, status=409, code="plan-not-sold")


def test_a_list_costs_the_same_for_any_number(
    listener: APIClient, ada: Creator, linus: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    now = clock.now()
    patron.subscription(patron.plan(ada, now=now), linus, now=now)
    later = now + timedelta(seconds=1)
    patron.subscription(patron.plan(cast.creator("Grace Hopper"), now=now), linus, now=later)
    with django_assert_num_queries(3):  # session, person, and the rows with all that they show
        listed = listener.get("/api/v1/subscriptions/").json()["results"]
    assert [each["creator"]["handle"] for each in listed] == ["grace", "ada"]
