"""A creator's statement for one month: one read, shown as PDF and as CSV."""
