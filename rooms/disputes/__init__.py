"""What a dispute means for rooms: whether the buyer may still come in, and what speaks for us."""
