"""A local Stripe: speaks Stripe's API to the unmodified SDK, moves no real money, imports nothing of Obole."""
