"""/api/v1/plans/<id>/gifts/ and /api/v1/gifts/"""

from rest_framework.test import APIClient

from config import clock
from rooms.models import Creator, Gift, User
from tests.api.problems import problem
from tests.rooms import cast
from tests.rooms.subscriptions import patron

ONE = {"Idempotency-Key": "one"}


def test_months_are_given_once_and_claimed_once_paid(listener: APIClient, ada: Creator, linus: User) -> None:
    now = clock.now()
    gold = patron.plan(ada, now=now)
    url, wanted = f"/api/v1/plans/{gold.id}/gifts/", {"months": 3, "recipient_email": "margaret@example.org"}
    faulty = listener.post(url, {"months": 2, "recipient_email": "margaret"}, format="json", headers=ONE)
    faults = problem(faulty, status=400, code="invalid")["errors"]
    assert {fault["pointer"] for fault in faults} == {"/months", "/recipient_email"}
    made = listener.post(url, wanted, format="json", headers=ONE)
    again = listener.post(url, wanted, format="json", headers=ONE)
    gift = Gift.objects.get()
    assert (made.status_code, made["Location"]) == (201, f"/api/v1/gifts/{gift.id}/")
    assert (made.json()["amount_minor"], made.json()["claimed_at"]) == (1497, None)
    assert again.json() == made.json()
    assert listener.get(made["Location"]).json()["recipient_email"] == "margaret@example.org"

    friend = APIClient()
    friend.force_login(cast.person("Margaret"))
    problem(friend.get(made["Location"]), status=404, code="not_found")
    token = {"token": gift.token}
    early = problem(friend.post("/api/v1/gifts/claim/", token, format="json"), status=409, code="gift-not-claimable")
    assert "not paid for yet" in early["detail"]
    Gift.objects.update(paid_at=now)
    for _ in range(2):
        claimed = friend.post("/api/v1/gifts/claim/", token, format="json")
        assert (claimed.status_code, claimed.json()["creator"]["handle"]) == (200, "ada")
    gift.refresh_from_db()
    assert gift.claimed_by is not None
    assert gift.claimed_by.display_name == "Margaret"
    late = problem(listener.post("/api/v1/gifts/claim/", token, format="json"), status=409, code="gift-not-claimable")
    assert "claimed already" in late["detail"]
    unknown = problem(
        friend.post("/api/v1/gifts/claim/", {"token": "x"}, format="json"), status=409, code="gift-not-claimable"
    )
    assert "no gift at this address" in unknown["detail"]
