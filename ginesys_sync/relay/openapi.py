"""The OpenAPI 3.1 description, made of the table of doors and the wire's models."""

from __future__ import annotations

import functools
import json
from typing import Any

from pydantic.json_schema import models_json_schema

from ginesys_sync import __version__
from ginesys_sync.relay.doors import ANY_DOOR, DOORS, GUARDED_DOOR, MESSAGE_DOOR, Door, Open
from ginesys_sync.relay.problems import CATALOGUE
from ginesys_sync.wire import routes
from ginesys_sync.wire.messages import Problem

_OFFSET = {
    routes.UPLOAD_OFFSET_HEADER: {
        "description": "How many bytes of the body are here",
        "required": True,
        "schema": {"type": "integer", "minimum": 0},
    }
}
_PROTOCOL = {
    routes.PROTOCOL_HEADER: {
        "description": "The protocol the Web Database speaks",
        "required": True,
        "schema": {"type": "integer", "const": routes.PROTOCOL},
    }
}
_BYTES: dict[str, Any] = {"application/octet-stream": {}}
_BODY_PROBLEMS: dict[str, tuple[str, ...]] = {
    "PUT": (
        "body_damaged",
        "offset_differs",
        "range_refused",
        "length_required",
        "too_many_unnamed",
        "content_type",
        "disk_full",
        "not_found",
    ),
    "HEAD": ("not_found",),
    "GET": ("body_unknown", "body_gone", "range_refused", "not_found"),
}


@functools.cache
def describe() -> bytes:
    """The description as JSON. Made when it is asked for the first time: it takes longer than all
    else that a Web Database does before its first answer."""
    pairs = [(door.asks, "validation") for door in DOORS if door.asks]
    answers = [(door.answers, "serialization") for door in (*DOORS,)]
    schemas, definitions = models_json_schema(
        [*dict.fromkeys([*pairs, *answers, (Problem, "serialization")])],  # type: ignore[list-item]
        ref_template="#/components/schemas/{model}",
    )
    paths: dict[str, dict[str, Any]] = {}
    for door in DOORS:
        paths.setdefault(door.path, {})[door.method.lower()] = _operation(door, schemas)
    paths[f"{routes.BODIES}/{{sha256}}"] = _body_operations()
    paths[routes.OPENAPI] = {"get": _openapi_operation()}
    whole = {
        "openapi": "3.1.0",
        "info": {
            "title": "Ginesys Sync Web Database",
            "version": __version__,
            "description": "The relay between head office and stores. Each site calls it; it calls "
            "nobody. Every call may be repeated: a repeated call is the same call.",
        },
        "paths": paths,
        "components": {
            "schemas": definitions["$defs"],
            "securitySchemes": {
                "siteKey": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "SITE:key",
                    "description": "The site's code, a colon, and its 256-bit key in hexadecimal.",
                }
            },
        },
    }
    return json.dumps(whole, indent=1).encode()


def _operation(door: Door, schemas: Any) -> dict[str, Any]:
    codes = [*door.problems, *ANY_DOOR]
    if door.asks:
        codes += MESSAGE_DOOR
    if door.open_to is Open.ANYONE:
        codes += ["too_many_tries"] if door.asks else []
    else:
        codes += GUARDED_DOOR
    if door.open_to is Open.HEAD_OFFICE:
        codes.append("ho_only")
    answer = {
        "description": (door.answers.__doc__ or "").partition("\n")[0],
        "headers": _PROTOCOL,
        "content": {"application/json": {"schema": schemas[(door.answers, "serialization")]}},
    }
    operation: dict[str, Any] = {
        "operationId": door.name,
        "summary": door.summary,
        "security": [] if door.open_to is Open.ANYONE else [{"siteKey": []}],
        "responses": {"200": answer, **_problems(codes)},
    }
    if door.asks:
        content = {"application/json": {"schema": schemas[(door.asks, "validation")]}}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _problems(codes: list[str]) -> dict[str, Any]:
    """One response per status, naming the codes it comes with."""
    by_status: dict[int, list[str]] = {}
    for code in dict.fromkeys(codes):
        by_status.setdefault(CATALOGUE[code][0], []).append(code)
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        str(status): {
            "description": ", ".join(sorted(names)),
            "headers": _PROTOCOL,
            "content": {"application/problem+json": {"schema": schema}},
        }
        for status, names in sorted(by_status.items())
    }


_BODY_DOORS: dict[str, tuple[str, str, dict[str, str], dict[str, Any]]] = {
    "PUT": (
        "put_body",
        "Send a batch body",
        {"Content-Range": "`bytes a-b/total`: the rest of an upload"},
        {
            "200": {"description": "It was here already", "headers": _PROTOCOL | _OFFSET},
            "201": {"description": "It is on disk", "headers": _PROTOCOL | _OFFSET},
        },
    ),
    "HEAD": (
        "body_offset",
        "How much of an upload is here",
        {},
        {
            "200": {"description": "The body is whole", "headers": _PROTOCOL | _OFFSET},
            "204": {"description": "So much of it is here", "headers": _PROTOCOL | _OFFSET},
        },
    ),
    "GET": (
        "get_body",
        "Fetch a batch body",
        {"Range": "`bytes=a-`: the rest of a download"},
        {
            "200": {"description": "The body", "headers": _PROTOCOL, "content": _BYTES},
            "206": {"description": "The asked part", "headers": _PROTOCOL, "content": _BYTES},
        },
    ),
}


def _body_operations() -> dict[str, Any]:
    name_of_body = {
        "name": "sha256",
        "in": "path",
        "required": True,
        "description": "The SHA-256 of the body's bytes",
        "schema": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
    }
    operations: dict[str, Any] = {"parameters": [name_of_body]}
    for method, (name, summary, headers, responses) in _BODY_DOORS.items():
        codes = [*_BODY_PROBLEMS[method], *ANY_DOOR, *GUARDED_DOOR]
        operation: dict[str, Any] = {
            "operationId": name,
            "summary": summary,
            "security": [{"siteKey": []}],
            "parameters": [_header(header, words) for header, words in headers.items()],
            "responses": {**responses, **_problems(codes)},
        }
        if method == "PUT":
            operation["requestBody"] = {"required": True, "content": _BYTES}
        operations[method.lower()] = operation
    return operations


def _header(name: str, words: str) -> dict[str, Any]:
    return {"name": name, "in": "header", "description": words, "schema": {"type": "string"}}


def _openapi_operation() -> dict[str, Any]:
    return {
        "operationId": "openapi",
        "summary": "This description",
        "security": [],
        "responses": {
            "200": {
                "description": "OpenAPI 3.1",
                "headers": _PROTOCOL,
                "content": {"application/json": {"schema": {"type": "object"}}},
            }
        },
    }
