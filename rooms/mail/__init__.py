"""Mail: written as a row with the decision that it tells, sent after the commit, swept, so that none is lost."""
