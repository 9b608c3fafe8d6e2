"""Kinds of resource, operations and events as facts: what the shape of a contract says by itself, and what a sheet adds.

`shapes` looks at schemas; `views` (V), `resources` (K), `filters` (F), `references` (R) and `events` (E, N, C) are the
rules, which `infer` applies; `sheet` reads `resources.yaml`, `join` lays it upon what was inferred, `make` does all of that
and `load` keeps the facts of a release. `facts` has the values that all others see.
"""
