"""The thirty cases from the field (issue 4.9), each exact to the cent; `test_cases` checks that each is where it says.
Beside them `test_machine` plays any story of these and more: `story.py` and `machine_*.py` say what may happen in it,
`cast.py` and `stage.py` how it begins, `world.py` heals it and compares, `doors.py` says who may come in afterwards.

same event twice in parallel: test_at_once.test_same_event_twice_in_parallel
two event ids for one charge: test_renewals_and_late_fees.test_two_event_ids_for_one_charge
crash after inbox insert: test_events.test_crash_after_inbox_insert
failure of intent 1 after intent 2 paid: test_purchases.test_failure_of_intent_1_after_intent_2_paid
refund seen before its purchase: test_refunds.test_refund_seen_before_its_purchase
dispute.closed before dispute.created: test_disputes.test_dispute_closed_before_dispute_created
charge without balance transaction, fee arriving later:
    test_renewals_and_late_fees.test_charge_without_balance_transaction_fee_arriving_later
two buyers for the last seat: test_at_once.test_two_buyers_for_the_last_seat
payment after the hold ran out: test_late_payments.test_payment_after_the_hold_ran_out
double-clicked refund: test_refunds.test_double_clicked_refund
refunds 333/333/334: test_refunds.test_refunds_333_333_334
second partial carrying a cumulative total: test_refunds.test_second_partial_carrying_a_cumulative_total
refund that later fails, then again: test_failed_refunds.test_refund_that_later_fails_then_again
refund during dispute: test_disputes.test_refund_during_dispute
payout asked during dispute: test_disputes.test_payout_asked_during_dispute_pays_only_what_is_not_reserved
dispute won, lost: test_disputes.test_dispute_closed_before_dispute_created, test_disputes.test_dispute_after_payout
refund after payout: test_refunds.test_refund_after_payout
two payouts at once: test_at_once.test_two_payouts_at_once
cancel racing success: test_purchases.test_cancel_racing_success, test_purchases.test_cancel_racing_success_and_winning
time-out, retry after a day: test_payouts.test_time_out_retry_after_a_day
rejected transfer, compensated, same key again: test_payouts.test_rejected_transfer_compensated_same_key_again
payout paid then failed: test_payouts.test_payout_paid_then_failed
marginal tier crossing under concurrency: test_tiers.test_marginal_tier_crossing_under_concurrency
thirds of 911: test_purchases.test_thirds_of_911
payer covers fees on 2500: test_purchases.test_payer_covers_fees_on_2500
JPY and HUF: test_purchases.test_jpy_is_counted_in_whole_yen_from_the_card_to_the_creator,
    test_purchases.test_huf_is_charged_in_hundredths_and_paid_out_in_whole_forint
room cancelled with the worker dying half-way: test_cancelled_rooms.test_room_cancelled_with_the_worker_dying_half_way
renewal that fails, is paid in grace and then refunded:
    test_renewals_and_late_fees.test_renewal_that_fails_is_paid_in_grace_and_then_refunded
fee given back directly and then the sale refunded:
    test_refunds.test_fee_given_back_directly_and_then_the_sale_refunded
forged, expired, wrong-mode, wrong amount, wrong currency: test_events.test_forged_expired_wrong_mode,
    test_events.test_wrong_amount_wrong_currency
"""
