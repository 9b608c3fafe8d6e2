"""Sellers and buyers that are broken on purpose, each in one way, and the rules that must notice it."""
