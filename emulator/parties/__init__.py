"""The emulated parties: what they answer, what they keep, and how their resources change state."""
