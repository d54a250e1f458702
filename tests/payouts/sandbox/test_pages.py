"""The sandbox's own pages: clock, objects, events, faults."""

from tests.payouts.sandbox.local import DAY_S, Local, Receiver, wait_until


def test_the_overview_says_that_no_real_money_moves(local: Local) -> None:
    local.buy()
    page = local.http.get("/").text
    assert "no real money moves" in page
    assert "$9.41" in page
    assert "checkout.session.completed" in page


def test_the_clock_is_moved_with_a_button(local: Local) -> None:
    before = local.now()
    assert local.http.post("/clock", data={"advance": "7d"}).status_code == 303
    assert 0 <= local.now() - before - 7 * DAY_S < 60
    assert local.http.post("/clock", data={"advance": "soon"}).status_code == 400
    assert local.http.post("/clock", data={"advance": "-1d"}).status_code == 400
    assert local.now() - before - 7 * DAY_S < 60


def test_an_object_is_shown_with_what_names_it_and_its_buttons(local: Local) -> None:
    charge = local.buy()
    page = local.http.get(f"/object/{charge.id}").text
    assert "Open dispute" in page
    assert str(charge.payment_intent) in page
    assert "charge.succeeded" in page
    refused = local.http.post(f"/object/{charge.id}", data={"action": "dispute", "amount": "10.00"})
    assert (refused.status_code, "from 1 to 1000" in refused.text) == (400, True)
    pressed = {"action": "dispute", "amount": "400", "reason": "duplicate"}
    assert local.http.post(f"/object/{charge.id}", data=pressed).status_code == 303
    (dispute,) = local.client.v1.disputes.list({"charge": charge.id}).data
    assert (dispute.amount, dispute.reason) == (400, "duplicate")
    assert charge.id in local.http.get("/objects/charge").text
    assert local.http.get("/object/ch_none").status_code == 404


def test_every_kind_has_its_list(local: Local) -> None:
    local.buy(number="4000000000000259")
    local.payee()
    for kind in ("checkout.session", "dispute", "balance_transaction", "v2.core.account", "bank_account", "refund"):
        assert local.http.get(f"/objects/{kind}").status_code == 200


def test_an_event_shows_its_attempts_and_is_sent_again(heard: Local, receiver: Receiver) -> None:
    receiver.answers = [503]
    heard.client.v1.customers.create({"email": "linus@example.org"})
    heard.quiet()
    event = heard.client.v1.events.list().data[0]
    page = heard.http.get(f"/object/{event.id}").text
    assert ": 503 in" in page
    assert ": 200 in" in page
    assert heard.http.post(f"/events/{event.id}/resend").status_code == 303
    wait_until(lambda: len(receiver.received) == 3, "the event comes again")
    assert "customer.created" in heard.http.get("/events?type=customer").text
    assert "customer.created" not in heard.http.get("/events?type=charge").text


def test_a_fault_is_set_and_cleared_on_its_page(local: Local) -> None:
    form = {"kind": "rate_limit", "pattern": "POST /v1/transfers*", "count": "2", "seconds": "1"}
    assert local.http.post("/faults", data=form).status_code == 303
    assert "POST /v1/transfers*" in local.http.get("/faults").text
    assert [fault["remaining"] for fault in local.control("faults")["faults"]] == [2]
    local.http.post("/faults/clear")
    assert local.control("faults")["faults"] == []


def test_settings_are_turned_and_remembered(local: Local) -> None:
    assert local.control("settings", fee_variation=0.5)["fee_variation"] == 0.5
    assert local.control("settings")["fee_variation"] == 0.5
    assert local.http.post("/_sandbox/settings", json={"colour": "red"}).status_code == 400


def test_any_event_is_sent_about_an_object(heard: Local, receiver: Receiver) -> None:
    charge = heard.buy()
    assert heard.http.post(f"/object/{charge.id}/event", data={"type": "charge.expired"}).status_code == 303
    heard.control("events", type="charge.pending", object=charge.id)
    heard.quiet()
    assert receiver.types()[-2:] == ["charge.expired", "charge.pending"]
    assert receiver.received[-1].event["data"]["object"]["id"] == charge.id


def test_a_setting_is_turned_on_the_page(local: Local) -> None:
    assert local.http.post("/settings", data={"name": "fee_delay_s", "value": "60"}).status_code == 303
    assert local.control("settings")["fee_delay_s"] == 60
    assert local.http.post("/settings", data={"name": "fee_delay_s", "value": "soon"}).status_code == 400


def test_a_receipt_is_shown(local: Local) -> None:
    url = str(local.buy().receipt_url)
    assert "$10.00 paid to Obole" in local.http.get(url).text
