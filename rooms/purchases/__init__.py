"""What every purchase shares: the refund policy that was accepted, and from where it was bought."""
