"""What the runner needs of others, and no more: a way to send, and contracts to send by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from emulator.scenario.model import Source
from emulator.standard.kinds.load import ReleaseKinds
from emulator.wire.exchange import Exchange, Party


class Sender(Protocol):
    """The client: records each exchange, and never raises for trouble on the network."""

    def send(
        self,
        method: str,
        url: str,
        *,
        query: list[tuple[str, str]],
        headers: dict[str, str],
        body: Any | None,
        raw: bytes | None,
        api: str,
        kind: str,
        operation: str,
        path_params: dict[str, str],
        step: str,
        timeout: float,
    ) -> Exchange:
        """Send one request; the exchange has a response or a fault."""


class OperationLike(Protocol):
    """An operation of a contract."""

    @property
    def id(self) -> str: ...

    @property
    def method(self) -> str: ...

    @property
    def path(self) -> str: ...


class ContractLike(Protocol):
    """One API's operations in one release."""

    @property
    def operations(self) -> Mapping[str, Any]: ...

    @property
    def version(self) -> str: ...

    @property
    def base_path(self) -> str: ...

    @property
    def served_by(self) -> Party: ...


class ReleaseLike(Protocol):
    """A release: it knows its contracts."""

    def contract(self, api: str, kind: str) -> Any:
        """The contract of an API; raises LookupError or UserError where there is none."""

    @property
    def kinds(self) -> ReleaseKinds:
        """The kinds of resource and the events of its contracts."""


def retrieve_operation(contract: ContractLike, path: str) -> OperationLike | None:
    """The GET of one resource of the collection that `path` belongs to: `/quote` gives GET `/quote/{id}`."""
    collection = path if not path.endswith("}") else path.rpartition("/")[0]
    wanted = collection + "/{id}"
    operations: list[OperationLike] = list(contract.operations.values())
    return next((one for one in operations if one.method.upper() == "GET" and one.path == wanted), None)


def types_of(release: ReleaseLike, api: str) -> dict[str, str]:
    """The event type of each listener of an API, by operationId. Raises LookupError or UserError where it has none."""
    release.contract(api, "notification")
    return {event.operation: event.type for event in release.kinds.telling(api)}


def contract_of(release: ReleaseLike, source: Source) -> ContractLike:
    """The contract of a source. Raises LookupError or UserError where the release has none."""
    contract: ContractLike = release.contract(source.api, source.kind)
    return contract
