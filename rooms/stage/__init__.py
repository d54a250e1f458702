"""The stage of a live room: who speaks, who asks to, and what the hosts decide about it."""
