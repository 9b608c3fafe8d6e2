"""Three products of a seller's own: a draft-07 file, a 2020-12 folder with references, a plain name whose order has a schema of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Final

DARK_FIBRE: Final = "urn:acme:spec:dark-fibre:v1.0.0:all"
WAVE: Final = "urn:acme:spec:wavelength:v2.0.0:all"
ACCESS: Final = "ACCESS_E_LINE"

# Indented by tabs, as JSON may be and YAML may not; closed, and of no @type.
_DARK_FIBRE = """{
\t"$schema": "http://json-schema.org/draft-07/schema#",
\t"$ref": "#/definitions/DarkFibre",
\t"definitions": {
\t\t"DarkFibre": {
\t\t\t"type": "object", "additionalProperties": false, "required": ["pair", "ends"],
\t\t\t"properties": {
\t\t\t\t"pair": {"type": "integer", "minimum": 1, "maximum": 96},
\t\t\t\t"ends": {"type": "array", "minItems": 2, "maxItems": 2, "items": {"$ref": "#/definitions/End"}}
\t\t\t}
\t\t},
\t\t"End": {
\t\t\t"type": "object", "additionalProperties": false, "required": ["connector", "rack"],
\t\t\t"properties": {
\t\t\t\t"connector": {"enum": ["LC", "SC"]},
\t\t\t\t"rack": {"type": "string", "pattern": "^R[0-9]{3}$"},
\t\t\t\t"loss": {"type": "object", "properties": {"dB": {"type": "number", "maximum": 30}}}
\t\t\t}
\t\t}
\t}
}"""

_WAVE = f"""
$schema: https://json-schema.org/draft/2020-12/schema
$id: {WAVE}
type: object
required: [rate, route]
properties:
  rate: {{$ref: "parts/common.yaml#/$defs/Rate"}}
  route:
    type: array
    prefixItems: [{{$ref: "parts/common.yaml#/$defs/Hop"}}, {{$ref: "parts/common.yaml#hop"}}]
    items: false
    minItems: 2
  protection: {{type: string}}
  protectionTime: {{type: integer}}
dependentRequired: {{protection: [protectionTime]}}
unevaluatedProperties: false
"""

_COMMON = """
$schema: https://json-schema.org/draft/2020-12/schema
$defs:
  Rate:
    type: object
    required: [value, unit]
    properties: {value: {type: integer, minimum: 10, multipleOf: 10}, unit: {enum: [GBPS]}}
  Hop:
    $anchor: hop
    $ref: "#/$defs/Named"
    required: [site]
    properties: {site: {type: string, minLength: 3}}
    unevaluatedProperties: false
  Named: {properties: {name: {type: string}}}
"""

_ACCESS = """
$schema: http://json-schema.org/draft-07/schema#
type: object
required: [bandwidth]
properties:
  bandwidth: {type: integer, minimum: 1}
  options: {type: object, properties: {mtu: {type: integer, minimum: 1500}}}
"""

_ACCESS_ORDER = """
$schema: http://json-schema.org/draft-07/schema#
allOf: [{$ref: access.yaml}]
required: [vlan]
properties: {vlan: {type: integer, maximum: 4094}}
"""

_SHEET = """
product: ACCESS_E_LINE
title: Our own Access E-Line
place: {role: INSTALL_LOCATION, contacts: {quote: quoteItemLocationContact}, clause: our handbook}
relations:
  - {to: HANDOFF, names: [ENDS_AT_HANDOFF], clause: our handbook}
"""

PROFILE: Final = f"""
extends: wholesale-seller
name: own-products
payloads:
  {DARK_FIBRE}: {{schema: schemas/dark-fibre.json}}
  {ACCESS}:
    schema: schemas/access.yaml
    schemas: {{order: schemas/access-order.yaml, inventory: schemas/access-order.yaml}}
offerings:
  dark-fibre: {{extends: uni-1g, name: Dark fibre, specification: dark-fibre, payload: "{DARK_FIBRE}", alternate: null}}
  wave: {{extends: uni-1g, name: Wavelength, specification: wave, payload: "{WAVE}", alternate: null}}
  access: {{extends: uni-1g, name: Access, specification: access, payload: {ACCESS}, alternate: null}}
"""

FILES: Final = {
    "seller.yaml": PROFILE,
    "schemas/dark-fibre.json": _DARK_FIBRE,
    "schemas/access.yaml": _ACCESS,
    "schemas/access-order.yaml": _ACCESS_ORDER,
    "schemas/access.product.yaml": _SHEET,
    "products/wave.yaml": _WAVE,
    "products/parts/common.yaml": _COMMON,
}
RELATED: Final = {"productRelationship": [{"relationshipType": "ENDS_AT_HANDOFF", "id": "prod-enni-ashburn-1"}]}
"""What the sheet of Access demands, as an input of the scenario that buys any product."""


def put(folder: Path, **others: str) -> Path:
    """Write the files, and others; answers the profile. Names of others have `__` for a slash and `_dot_` for a dot."""
    named = {name.replace("__", "/").replace("_dot_", "."): text for name, text in others.items()}
    for name, text in {**FILES, **named}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder / "seller.yaml"
