"""A release with one more API, made up: parcels. No line of code knows them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from emulator.standard.release import Release, load_release

PARCEL: Final = Path(__file__).with_name("parcel")
ROW: Final = """
  parcel:
    title: Parcels
    guide: W999
    contracts:
      management: {document: sonata/parcel/management.yaml, version: 1.0.0, base_path: /parcel/v1, servedBy: seller,
                   official: parcel.api.yaml}
      notification: {document: sonata/parcel/notification.yaml, version: 1.0.0, base_path: /parcelNotification/v1,
                     servedBy: buyer, official: parcelNotification.api.yaml}
"""


def copied_specs(tmp_path: Path) -> Path:
    """A folder of specs of which releases and sheets are our own, and all else is the real one."""
    ours, specs = load_release().specs, tmp_path / "specs"
    (specs / "releases").mkdir(parents=True)
    for path in (ours / "releases").glob("*.yaml"):
        (specs / "releases" / path.name).write_bytes(path.read_bytes())
    for name in ("common", "products", "interpretations.yaml"):
        (specs / name).symlink_to(ours / name)
    (specs / "sonata").mkdir()
    (specs / "sonata" / "security").symlink_to(ours / "sonata" / "security")
    for api in load_release().apis:
        (specs / "sonata" / api).mkdir(parents=True)
        for path in (ours / "sonata" / api).glob("*.yaml"):
            (specs / "sonata" / api / path.name).write_bytes(path.read_bytes())
    return specs


def release_with_parcels(tmp_path: Path) -> Release:
    """The default release and parcels, in a folder of their own."""
    specs, name = copied_specs(tmp_path), load_release().name
    (specs / "sonata" / "parcel").symlink_to(PARCEL)
    file = specs / "releases" / f"{name}.yaml"
    text = file.read_text(encoding="utf-8")
    products = "# Product payload schemas by"
    file.write_text(text.replace(products, f"{ROW.strip(chr(10))}\n{products}"), encoding="utf-8")
    return Release(name, specs)
