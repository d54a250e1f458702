"""What every purchase shares: where it is, the refund policy that was accepted, and from where it was bought."""
