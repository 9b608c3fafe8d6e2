"""Official SDKs of any release, imported: found by content, healed, and written as a folder that a `Release` reads.

What was mended is told, what cannot be known is left open, and nothing is half-added.
"""
