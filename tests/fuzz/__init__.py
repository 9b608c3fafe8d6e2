"""Spoilt files of every format that OIT reads: whatever stands in one, OIT says what is wrong with it, and soon."""
