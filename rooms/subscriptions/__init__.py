"""Subscriptions to creators: plans, who subscribes, what that opens, and what subscribers are told."""
