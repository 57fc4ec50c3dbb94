"""What the API's schema says about refusals: the same for every operation, so it is written once."""

from __future__ import annotations

from typing import Any

from crm.web.problems import ProblemRenderer

PROBLEM = {
    "type": "object",
    "description": "Problem details, RFC 9457.",
    "properties": {
        "type": {"type": "string", "description": "urn:holdfast:problem:… – of one kind for good."},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What is wrong and what to do, for people."},
        "errors": {"type": "object", "description": "Sentences by field.", "additionalProperties": {}},
    },
    "required": ["type", "title", "status", "detail"],
}
_EVERYWHERE = {
    "400": "Something in it cannot be read.", "401": "No token, or one that is not known.",
    "403": "The token or its user may not do this.",
}  # fmt: skip
_READING = {"404": "There is nothing here that you may see, or the cursor is damaged."}
_WRITING = {
    "409": "It contradicts what is stored, or the same request is still under way.",
    "413": "The body is too large.",
    "415": "The body is of a kind that this operation does not take: most take JSON.",
}
_REPEATED = {"422": "The Idempotency-Key was used for another request."}
_VERSIONED = {"412": "Somebody has changed it since you read it."}


def refusals(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """A postprocessing hook of drf-spectacular."""
    result["components"].setdefault("schemas", {})["Problem"] = PROBLEM
    for path, operations in result["paths"].items():
        for method, operation in operations.items():
            if method == "parameters":
                continue
            expected = _EVERYWHERE | ({} if method == "get" else _WRITING)
            expected |= _READING if "{" in path or method == "get" else {}
            expected |= {"post": _REPEATED, "put": _VERSIONED, "patch": _VERSIONED}.get(method, {})
            for status, description in sorted(expected.items()):
                schema = {"$ref": "#/components/schemas/Problem"}
                content = {ProblemRenderer.media_type: {"schema": schema}}
                operation["responses"].setdefault(status, {"description": description, "content": content})
    return result
