"""Django's side of live audio: who gets a grant, how long it lasts. The relay carries the sound."""
