"""Blending: one OpenAPI document of a contract and the product payloads that are sold by it."""
