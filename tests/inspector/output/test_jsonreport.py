"""The JSON object: as the design and its schema say, one line, whatever the numbers are."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from inspector.output.reports import OTHER, TREE, every_rule, faulty, findings, report, stream
from peers import need_module
from rtpjpeg.inspector.output.jsonreport import json_line, report_object, rules_object
from rtpjpeg.inspector.rules import load_rules

SCHEMA = json.loads((TREE / "docs" / "inspect.schema.json").read_text("utf-8"))
PROMISED_OF_STREAMS = (
    "ssrc source destination packets lost reordered duplicated frames frames_complete type q width height"
    " restart_interval fps bitrate jitter_ms"
).split()
PROMISED_OF_FINDINGS = (
    "rule severity rfc packet count first_packet last_packet message hint wireshark".split()
)
REPORTS = {
    "none": report(),
    "clean": report(stream()),
    "faulty": faulty(stream(), stream(OTHER, source="[2001:db8::1]:5000")),
    "every rule": every_rule(),
    "the capture": report(findings=findings(None).listed(), notices=["a notice"]),
}


def validate(value: Any, schema: dict[str, Any]) -> None:
    jsonschema = need_module("jsonschema")
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.Draft202012Validator(schema).validate(value)


def read_back(value: dict[str, Any]) -> Any:
    line = json_line(value)
    assert "\n" not in line and line.isascii()
    return json.loads(line)


@pytest.mark.parametrize("name", REPORTS)
def test_the_schema_describes_it(name: str) -> None:
    value = read_back(report_object(REPORTS[name]))
    validate(value, SCHEMA)
    assert list(undescribed(value, SCHEMA)) == []


def undescribed(value: Any, schema: dict[str, Any], path: str = "") -> Iterator[str]:
    """Yield each key of a value that its schema says nothing about."""
    if "$ref" in schema:
        schema = SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]]
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in schema["properties"]:
                yield from undescribed(inner, schema["properties"][key], f"{path}.{key}")
            else:
                yield f"{path}.{key}"
    elif isinstance(value, list):
        for inner in value:
            yield from undescribed(inner, schema["items"], f"{path}[]")


def test_the_reader_of_the_schema_sees_a_key_that_is_not_described() -> None:
    value = report_object(REPORTS["faulty"])
    value["streams"][0]["colour"] = value["findings"][1]["mood"] = 1
    assert list(undescribed(value, SCHEMA)) == [".streams[].colour", ".findings[].mood"]


def test_every_key_of_the_schema_has_words() -> None:
    kinds = [SCHEMA, *SCHEMA["$defs"].values()]
    keys = [key for kind in kinds for key in kind.get("properties", {}).values()]
    assert keys and all(key.get("description") or "$ref" in key for key in keys)
    assert all(kind["description"] for kind in kinds)
    assert all(kind["additionalProperties"] for kind in kinds if kind["type"] == "object")


def test_the_promised_keys_are_there() -> None:
    value = report_object(REPORTS["faulty"])
    assert all(set(PROMISED_OF_STREAMS) <= set(found) for found in value["streams"])
    assert all(set(PROMISED_OF_FINDINGS) <= set(found) for found in value["findings"])


def test_it_says_what_was_found() -> None:
    value = read_back(report_object(REPORTS["faulty"]))
    assert (value["file"], value["packets"], value["failed"]) == ("camera.pcap", 130_000, True)
    one, other = value["streams"]
    assert (one["ssrc"], one["fps"], one["jitter_ms"], one["began_at"]) == (0x1A2B3C4D, 29.97, 0.214, 1.78e9)
    assert other["source"] == "[2001:db8::1]:5000"
    assert one["receivers"][3]["receiver"] == "MediaMTX" and one["receivers"][3]["plays"] == "no"
    found = value["findings"][0]
    assert (found["rule"], found["packet"], found["count"], found["last_packet"]) == ("J-074", 1, 900, 900)
    assert found["message"].startswith("found FF D8 FF E0") and ", expected the entropy" in found["message"]
    assert found["packets"] == list(range(1, 11))


def test_numbers_of_numpy_and_numbers_that_are_none() -> None:
    odd = stream(packets=np.int64(7), fps=math.nan, jitter_ms=np.float32(1.5), duration=math.inf)
    value = read_back(report_object(report(odd, packets=np.uint32(9))))
    (one,) = value["streams"]
    assert (value["packets"], one["packets"], one["fps"], one["jitter_ms"], one["duration"]) == (
        9,
        7,
        0,
        1.5,
        0,
    )


def test_names_of_any_characters_are_kept() -> None:
    name = 'a"\n\x1b\udcff<script>é'
    assert read_back(report_object(report(name=name)))["file"] == name


def test_what_is_no_value_is_a_mistake() -> None:
    with pytest.raises(TypeError, match="set has no place"):
        json_line({"a": {1}})


def test_the_rules_as_an_object() -> None:
    value = read_back(rules_object(load_rules().values()))
    validate(value, {**SCHEMA["$defs"]["rules"], "$defs": SCHEMA["$defs"]})
    assert list(undescribed(value, SCHEMA["$defs"]["rules"])) == []
    assert [rule["rule"] for rule in value["rules"]] == list(load_rules())
