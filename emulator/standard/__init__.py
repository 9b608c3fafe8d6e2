"""The standard as data: releases, contracts, product payloads and lifecycles read from `specs/`."""
