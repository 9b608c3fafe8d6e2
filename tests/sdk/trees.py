"""Small SDKs of our own invention, in each layout that official ones have, and with each defect that was seen in them.

They sell tea: no name, path or sentence of theirs is the standard's, but for what an SDK is known by.
"""

from __future__ import annotations

import io
import json
import textwrap
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

Files = dict[str, bytes]


def contract(
    function: str = "quoteManagement",
    *,
    point: str = "sonata",
    kind: str = "tea",
    more: str = "",
    schemas: str = "",
    root: str = "",
) -> bytes:
    """A management contract: make, list and read a kind of resource, with a state, items and a product configuration.

    `more` goes below `paths`, `schemas` below `components.schemas`, `root` beside `openapi`.
    """
    name = kind[:1].upper() + kind[1:]
    text = f"""\
openapi: 3.0.1
info:
  title: {name} Management
  version: 1.2.0-RC
  description: '**This file forms part of MEF W999**'
servers:
  - url: 'https://{{serverBase}}/mefApi/{point}/{function}/v1/'
    variables:
      serverBase: {{default: tea.example}}
{root}
paths:
  /{kind}:
    get:
      operationId: list{name}
      parameters:
        - {{name: state, in: query, schema: {{$ref: '#/components/schemas/{name}StateType'}}}}
        - {{name: offset, in: query, schema: {{type: integer, format: int32}}}}
        - {{name: limit, in: query, schema: {{type: integer, format: int32}}}}
      responses:
        '200':
          description: Teas
          content: {{'application/json;charset=utf-8': {{schema: {{type: array, items: {{$ref: '#/components/schemas/{name}'}}}}}}}}
    post:
      operationId: create{name}
      requestBody:
        required: true
        content: {{'application/json;charset=utf-8': {{schema: {{$ref: '#/components/schemas/{name}_Create'}}}}}}
      responses:
        '201':
          description: The tea
          content: {{'application/json;charset=utf-8': {{schema: {{$ref: '#/components/schemas/{name}'}}}}}}
  /{kind}/{{id}}:
    get:
      operationId: retrieve{name}
      parameters: [{{name: id, in: path, required: true, schema: {{type: string}}}}]
      responses:
        '200':
          description: The tea
          content: {{'application/json;charset=utf-8': {{schema: {{$ref: '#/components/schemas/{name}'}}}}}}
{textwrap.indent(textwrap.dedent(more), "  ")}
components:
  schemas:
    {name}_Common:
      type: object
      properties:
        note: {{type: string}}
        product: {{$ref: '#/components/schemas/MEFProductConfiguration'}}
    {name}_Create:
      allOf: [{{$ref: '#/components/schemas/{name}_Common'}}]
    {name}:
      allOf: [{{$ref: '#/components/schemas/{name}_Common'}}]
      type: object
      required: [id, state]
      properties:
        id: {{type: string}}
        state: {{$ref: '#/components/schemas/{name}StateType'}}
    {name}StateType:
      type: string
      enum: [steeping, ready, spilt]
    MEFProductConfiguration:
      type: object
      required: ['@type']
      properties: {{'@type': {{type: string}}}}
      discriminator: {{propertyName: '@type'}}
{textwrap.indent(textwrap.dedent(schemas), "    ")}
"""
    return text.encode()


def notification(function: str = "quoteNotification", *, point: str = "sonata", kind: str = "tea") -> bytes:
    """The contract of whoever is told that a tea has another state."""
    name = kind[:1].upper() + kind[1:]
    return f"""\
openapi: 3.0.1
info: {{title: {name} Notification, version: 1.2.0-RC}}
servers: [{{url: 'https://{{serverBase}}/mefApi/{point}/{function}/v1/'}}]
paths:
  /listener/{kind}StateChangeEvent:
    post:
      operationId: listenTo{name}StateChangeEvent
      requestBody:
        content: {{'application/json;charset=utf-8': {{schema: {{$ref: '#/components/schemas/{name}Event'}}}}}}
      responses: {{'204': {{description: told}}}}
components:
  schemas:
    {name}Event:
      type: object
      required: [eventId, eventType, event]
      properties:
        eventId: {{type: string}}
        eventType: {{type: string, enum: [{kind}StateChangeEvent]}}
        event: {{type: object, required: [id], properties: {{id: {{type: string}}}}}}
""".encode()


def payload(urn: str, members: str = "leaves: {type: integer, minimum: 1}", more: str = "") -> bytes:
    """A payload schema."""
    return f"""\
$schema: http://json-schema.org/draft-07/schema#
$id: {urn}
type: object
properties:
  {members}
{more}
""".encode()


SWAGGER = b"""\
swagger: '2.0'
info: {title: Tea, version: 6.0.0-RC}
host: serverRoot
basePath: /mefApi/sonata/quoteManagement/v6
consumes: [application/json;charset=utf-8]
produces: [application/json;charset=utf-8]
parameters:
  Cup: {name: cup, in: query, type: string, enum: [small, large]}
  Body: {name: tea, in: body, required: true, schema: {$ref: '#/definitions/Tea_Create'}}
responses:
  Gone: {description: gone, schema: {$ref: '#/definitions/Error'}}
paths:
  /tea:
    parameters: [{$ref: '#/parameters/Cup'}]
    get:
      operationId: listTea
      parameters:
        - {name: tags, in: query, type: array, items: {type: string}, collectionFormat: multi}
      responses:
        200:
          description: teas
          schema: {type: array, items: {$ref: '#/definitions/Tea'}}
          headers: {X-Total-Count: {type: integer, description: how many}}
    post:
      operationId: createTea
      parameters: [{$ref: '#/parameters/Body'}]
      responses:
        201: {description: made, schema: {$ref: '#/definitions/Tea'}}
  /tea/{id}:
    get:
      operationId: retrieveTea
      parameters: [{name: id, in: path, required: true, type: string}]
      responses:
        200: {description: tea, schema: {$ref: '#/definitions/Tea'}}
        404: {$ref: '#/responses/Gone'}
definitions:
  Error: {type: object, properties: {reason: {type: string}}}
  Tea_Create: {type: object, properties: {leaf: {$ref: '#/definitions/Leaf', type: object}}}
  Tea:
    allOf: [{$ref: '#/definitions/Tea_Create'}]
    type: object
    required: [id]
    properties: {id: {type: string}}
  Leaf:
    type: object
    discriminator: '@type'
    required: ['@type']
    properties: {'@type': {type: string}}
  GreenLeaf:
    allOf: [{$ref: '#/definitions/Leaf'}]
    type: object
    required: [shade]
    properties: {shade: {type: string}}
"""

README = "# MEF-LSO-{point}-SDK - {release} Release\n\nTea.\n"
URN = "urn:mef:lso:spec:sonata:tea-pot:v1.0.0:all"


def _readme(point: str, release: str) -> bytes:
    return README.format(point=point, release=release).encode()


def layouts() -> Mapping[str, tuple[str, Files]]:
    """By name each layout, with the name that its import gets, and its files. Each has the API `quote`, or one of its own."""
    windows = "openapi: 3.0.1\ninfo: {title: ‘Tea’ – again}\npaths: {/x: {get: {}}}\n".encode("cp1252")
    common = b"Pot: {type: object, properties: {size: {$ref: 'parts.yaml#/definitions/Size'}}}\n"
    parts = b"definitions: {Size: {type: string, enum: [small, 1]}}\n"
    return {
        "aretha": ("sonata-aretha", {
            "README.md": _readme("Sonata", "Aretha"),
            "api/quote/quoteManagement.yaml": SWAGGER,
            "spec/sonata/teaPot.yaml": payload("urn:mef:lso:spec:sonata:TeaPot:v1.0.0:quote"),
            "staticBinding/tea.openapi.yaml": windows,
        }),
        "cantata-aretha": ("cantata-aretha", {
            "README.md": _readme("Cantata", "Aretha"),
            "api/cantata/quoteManagement.yaml": SWAGGER.replace(b"/sonata/", b"/cantata/"),
        }),
        "productApi": ("sonata-celine", {
            "README.MD": _readme("Sonata", "Celine"),
            "productApi/quote/quoteManagement.api.yaml": contract(),
            "productApi/quote/quoteNotification.api.yaml": notification("quoteManagement"),
            "productSchema/tea/teaPot.yaml": payload(URN),
            "generated/security/quote/quoteManagement.api.yaml": contract(root="security: [{oauth2: [default]}]"),
            "generated/staticBinding/quoteManagement.api.yaml": windows,
            "documentation/productApi/quote/Tea – Guide.md": b"# Tea\n",
        }),
        "legato-aretha": ("legato-aretha", {
            "README.md": _readme("Legato", "Aretha"),
            "api/legato/serviceProvisioning/serviceOrdering/v4/serviceOrderingManagement.openapi.yaml":
                contract("serviceOrderingManagement", point="legato"),
            "spec/legato/ip/tea.yaml": payload("urn:mef:lso:spec:legato:tea:v0.0.1:all"),
        }),
        "legato-billie": ("legato-billie", {
            "README.md": _readme("Legato", "Billie"),
            "serviceApi/serviceOrdering/serviceOrderingApi.openapi.yaml":
                contract("serviceOrderingManagement", point="legato", schemas="""\
                    Pot: {$ref: '../common/pots.openapi.yaml#/Pot'}
                    Lid: {properties: {size: {$ref: '../common/parts.yaml#/definitions/Size'}}}
                    """),
            "serviceApi/common/pots.openapi.yaml": common,
            "serviceApi/common/parts.yaml": parts,
            "serviceSchema/ip/tea.yaml": payload("urn:mef:lso:spec:legato:tea:v0.0.1:all"),
        }),
        "legato-ella": ("legato-ella", {
            "README.md": _readme("Legato", "Ella"),
            "serviceApi/order/serviceOrderManagement.api.yaml": contract("serviceOrder", point="legato"),
            "serviceApi/order/serviceOrderNotification.api.yaml": notification("serviceOrderNotification", point="legato"),
            "serviceApi/pm/models/Pot.yaml": parts,
            "serviceApi/pm/topics.generate.openapi.yaml": contract("topics", point="legato", kind="topic"),
        }),
        "interlude": ("interlude-fergie", {
            "README.md": _readme("Interlude", "Fergie"),
            "serviceApi/pm/performanceMonitoring.api.yaml": contract("performanceMonitoring", point="interlude"),
            "serviceApi/pm/performanceNotification.api.yaml": notification("performanceNotification", point="interlude"),
            "serviceApi/pm/streamingManagement.api.yaml":
                contract("streamingManagement", point="interlude", kind="topic", schemas="Pot: {$ref: 'models/Pot.yaml'}"),
            "serviceApi/pm/streamingManagement.api.all-in-one.yaml":
                contract("streamingManagement", point="interlude", kind="topic"),
            "serviceApi/pm/models/Pot.yaml": b"type: object\nproperties: {size: {$ref: '#/definitions/Size'}}\n" + parts,
            "serviceSchema/ip/faultPerformanceManagement/tea.yaml": payload("urn:mef:lso:spec:legato:tea:v0.0.1:all"),
        }),
        "allegro-irene": ("allegro-irene", {
            "README.md": _readme("Allegro", "Irene"),
            "serviceApi/fm/faultManagement.api.yaml": contract("faultManagement", point="allegro", kind="fault"),
            "serviceApi/fm/faultNotification.api.yaml": notification("faultNotification", point="allegro", kind="fault"),
            "serviceApi/alarm/tcaSample.yaml": contract("tca", point="allegro", kind="tca"),
            "serviceSchema/ip/tea.yaml": payload("urn:mef:lso:spec:legato:tea:v0.0.1:all"),
            "serviceSchema/l1/tea.yaml": payload("urn:mef:lso:spec:legato:tea:v0.0.1:all"),
            "serviceSchema/sip/tea.yaml": payload("urn:mef:lso:spec:legato:tea:v0.0.1:all", "leaves: {type: string}"),
        }),
        "allegro-janis": ("allegro-janis", {
            "README.md": b"# Mplify-LSO-Allegro-SDK Janis Release\n",
            "serviceApi/alarm/alarmManagement.api.yaml":
                contract("alarmManagement", point="allegro", kind="alarm", schemas="""\
                    Pot: {$ref: '../../schema/common/pots.yaml#/Pot'}
                    """),
            "serviceApi/alarm/alarmNotification.api.yaml": notification("alarmNotification", point="allegro", kind="alarm"),
            "schema/common/pots.yaml": common,
            "schema/common/parts.yaml": parts,
            "schema/serviceSchema/ip/tea.yaml": payload("urn:mef:lso:spec:legato:tea:v0.0.1:all"),
        }),
        "flat": ("sonata-kylie", {
            "LICENSE": b"as you like\n",
            "mef-lso-sonata-quote-management-openapi.yml": contract(),
            "mef-lso-sonata-quote-notification-openapi.yml": notification(),
        }),
    }  # fmt: skip


def planted(folder: Path, files: Mapping[str, bytes]) -> Path:
    """The files, written below a folder."""
    for name, raw in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(raw)
    return folder


def zipped(files: Mapping[str, bytes], top: str = "") -> bytes:
    """The files as a zip, below a top folder where one is named."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, raw in files.items():
            archive.writestr(f"{top}/{name}" if top else name, raw)
    return out.getvalue()


def as_json(data: Any) -> bytes:
    """Data as a file."""
    return json.dumps(data).encode()
