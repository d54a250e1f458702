"""Refunds, ours and those made in Stripe's dashboard: asked for, learned of, posted, and mirrored when they fail."""
