"""Stripe's calls to us. With `payouts.gateway`, the only importer of `stripe`."""
