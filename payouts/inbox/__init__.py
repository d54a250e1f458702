"""The inbox: events are stored raw, then processed in any order and any number of times to the same end."""
