"""What our seller says of clauses, in the words of its release."""

from __future__ import annotations

from typing import Any

from emulator.record.call import ApiError
from emulator.standard.labels import Labels


def said_in(labels: Labels, error: ApiError) -> ApiError:
    """An error whose reasons name clauses as the release of those labels does."""

    def told(body: Any) -> Any:
        if isinstance(body, list):
            return [told(each) for each in body]
        if not isinstance(body, dict):
            return body
        return {name: labels.spoken(text) if name == "reason" else text for name, text in body.items()}

    return ApiError(error.status, told(error.body), error.headers)
