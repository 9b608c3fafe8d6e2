"""Scenarios: files that describe a conversation from neither side, and the runner that plays one side of it."""
