"""Stars: packs to buy, a wallet to look into, and tips that need no card."""
