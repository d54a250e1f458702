"""Subscriptions through Stripe's Billing: prices, the card page, changes, and a sale for each invoice that is paid."""
