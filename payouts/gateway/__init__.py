"""The only way to Stripe: typed calls in, small frozen facts out. Only it and `payouts.webhooks` import `stripe`."""
