"""LiveKit as the engine, against a stand-in that speaks its Twirp routes."""
