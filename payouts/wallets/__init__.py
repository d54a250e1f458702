"""Wallets of Stars: credited by packs, spent at ledger speed, frozen and taken back with their packs (E8)."""
