#!/usr/bin/env python3
"""Checks the generated files against the tools, the policy and each other; prints what is wrong and a short inventory."""

import collections
import json
import re
import sys
from pathlib import Path

from jsonschema import Draft202012Validator

import generate

HERE = Path(__file__).resolve().parent
# Calls that are wrong on purpose: cut-off arguments and a tool that does not exist.
INTENDED = {("lk-1016", "send_return_label"), ("lk-1017", "check_inventory")}
MAIL = re.compile(r"[\w.+-]+@([\w-]+(?:\.[\w-]+)+)")
PHONE = re.compile(r"\+\d[\d ]{7,}\d")
OPEN_PHONES = re.compile(r"^\+1 555 01\d\d$|^\+44 7700 900\d{3}$|^\+49 30 23125 \d{3}$")


def value_of(any_value):
    kind, value = next(iter(any_value.items()), (None, None))
    if kind == "arrayValue":
        return [value_of(item) for item in value.get("values", [])]
    return int(value) if kind == "intValue" else value


def attributes(node):
    return {pair["key"]: value_of(pair["value"]) for pair in node.get("attributes", [])}


def load(name, outer, middle, inner):
    for line in (HERE / name).read_text(encoding="utf-8").splitlines():
        for resource in json.loads(line)[outer]:
            for scope in resource[middle]:
                for item in scope[inner]:
                    yield item | {"attributes": attributes(item), "scope": scope["scope"]["name"]}


def schema_errors(tool, arguments):
    return [error.message for error in Draft202012Validator(generate.TOOLS[tool]["parameters"]).iter_errors(arguments)] + [
        f"unknown argument {name}" for name in arguments if name not in generate.TOOLS[tool]["parameters"]["properties"]
    ]


def check_spans(spans, traces, problems):
    by_id = {(span["traceId"], span["spanId"]): span for span in spans}
    if len(by_id) != len(spans):
        problems.append("span ids repeat")
    for span in spans:
        start, end = int(span["startTimeUnixNano"]), int(span["endTimeUnixNano"])
        conversation = traces[span["traceId"]]
        if end <= start:
            problems.append(f"{conversation}: {span['name']} ends before it starts")
        if span.get("parentSpanId"):
            parent = by_id.get((span["traceId"], span["parentSpanId"]))
            if parent is None:
                problems.append(f"{conversation}: {span['name']} has no parent")
            elif start < int(parent["startTimeUnixNano"]) or end > int(parent["endTimeUnixNano"]):
                problems.append(f"{conversation}: {span['name']} is outside its parent {parent['name']}")
        day = generate.datetime.fromtimestamp(start / 1e9, generate.timezone.utc).date().isoformat()
        if not "2026-11-06" <= day <= "2026-11-19":
            problems.append(f"{conversation}: {span['name']} is on {day}")
    return by_id


def check_calls(spans, traces, problems):
    for span in spans:
        attrs, conversation = span["attributes"], traces[span["traceId"]]
        tool = attrs.get("gen_ai.tool.name") or attrs.get("tool.name")
        if not tool or (conversation, tool) in INTENDED:
            continue
        raw = attrs.get("gen_ai.tool.call.arguments") or attrs["input.value"]
        for error in schema_errors(tool, json.loads(raw)):
            problems.append(f"{conversation}: {tool}: {error}")


def check_answers(answers, by_id, traces, problems):
    for row in answers:
        name = row["conversation_id"]
        if row["verdict"] == "pass":
            continue
        first = row["first_failure"]
        span = by_id.get((first["trace_id"], first["span_id"]))
        if span is None or traces[first["trace_id"]] != name:
            problems.append(f"{name}: the first failure points nowhere")
        if row["right"]["kind"] == "tool":
            for error in schema_errors(row["right"]["tool"], row["right"]["arguments"]):
                problems.append(f"{name}: right answer: {error}")
        elif row["right"]["kind"] not in ("reply", "ask_customer", "no_call", "hand_off"):
            problems.append(f"{name}: {row['right']}")


def check_scores(logs, by_id, traces, problems):
    for log in logs:
        attrs = log["attributes"]
        if (log["traceId"], log["spanId"]) not in by_id or traces[log["traceId"]] != attrs["gen_ai.conversation.id"]:
            problems.append(f"a score of {attrs['gen_ai.conversation.id']} points nowhere")
        if not 0 <= attrs["gen_ai.evaluation.score.value"] <= 1:
            problems.append(f"score out of range: {attrs}")


def check_personal_data(problems):
    for path in sorted((HERE / "stories").glob("*.story")):
        text = path.read_text(encoding="utf-8")
        for domain in MAIL.findall(text):
            if not re.search(r"(^|\.)example\.(com|org|net)$", domain):
                problems.append(f"{path.name}: {domain} is not a reserved domain")
        for phone in PHONE.findall(text):
            if not OPEN_PHONES.match(phone):
                problems.append(f"{path.name}: {phone} is not a number reserved for fiction")


def main():
    problems = []
    spans = list(load("conversations.jsonl", "resourceSpans", "scopeSpans", "spans"))
    logs = list(load("evaluations.jsonl", "resourceLogs", "scopeLogs", "logRecords"))
    answers = json.loads((HERE / "answers.json").read_text(encoding="utf-8"))
    traces = {}
    for span in spans:
        name = span["attributes"].get("gen_ai.conversation.id") or span["attributes"].get("session.id")
        if name:
            traces[span["traceId"]] = name
    by_id = check_spans(spans, traces, problems)
    check_calls(spans, traces, problems)
    check_answers(answers, by_id, traces, problems)
    check_scores(logs, by_id, traces, problems)
    check_personal_data(problems)
    if {row["conversation_id"] for row in answers} != set(traces.values()):
        problems.append("answers.json and the spans disagree about the conversations")
    for name, text in generate.build().items():
        if (HERE / name).read_text(encoding="utf-8") != text:
            problems.append(f"{name} is not what generate.py writes now")
    verdicts = collections.Counter(row["verdict"] for row in answers)
    errors = sum(span["status"].get("code") == 2 for span in spans)
    print(f"{len(answers)} conversations {dict(verdicts)}, {len(set(traces))} traces, {len(spans)} spans, {errors} error spans, {len(logs)} scores")
    for problem in problems:
        print("WRONG:", problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
