"""The creator's side: what was earned and why, rooms to schedule, payouts and their set-up."""
