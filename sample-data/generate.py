#!/usr/bin/env python3
"""Plays the stories in stories/ through the OpenTelemetry SDK and writes what comes out.

Output, beside this file: conversations.jsonl (spans), evaluations.jsonl (log records), outcomes.csv and answers.json.
Every id and every time follows from the story text, so running it again gives the same bytes.
The grammar of a story is described in README.md.
"""

import csv
import hashlib
import io
import json
import random
import re
import sys
from base64 import b64decode
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path

from google.protobuf.json_format import MessageToDict
from opentelemetry import trace
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import LogRecordExporter, LogRecordExportResult, SimpleLogRecordProcessor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.trace import SpanKind, Status, StatusCode

HERE = Path(__file__).resolve().parent
MS = 1_000_000
SECOND = 1000 * MS

PROMPTS = {
    "wren 2026.10": "You are Wren, the care assistant of Larkfield Outfitters. Check the order number and the e-mail or postcode before acting. "
    "Solve the request in as few turns as possible. Hand over to a colleague when asked or after two failed attempts.",
    "wren 2026.11": "You are Wren, the care assistant of Larkfield Outfitters. Check the order number and the e-mail or postcode before acting. "
    "Search the policy before you decide. Ask for a yes before anything that cannot be undone. Try to solve it yourself before you hand over.",
    "billing": "You are the billing agent of Larkfield Outfitters. You see the conversation so far. Look into charges and refunds; duplicate charges are yours.",
    "planner": "Write a short numbered plan for the goal. Do not call tools.",
    "executor": "Carry out the plan with the tools, one step after the other, and report what each step returned.",
    "verifier": "Compare the report with the goal. Answer PASS or FAIL and one sentence of reason.",
}
MODELS = {"2026.10": "heron-small-3", "2026.11": "heron-small-4"}
NEW_IN_11 = {"check_stock"}
CREW = {"planner", "executor", "verifier"}
AGENTS = {"wren", "billing"} | CREW


# ---------------------------------------------------------------- reading a story


@dataclass
class Line:
    """One directive of a story: its keyword, the options in brackets and its text."""

    word: str
    options: str
    text: str
    number: int


@dataclass
class Story:
    path: Path
    head: dict
    body: list
    verdict: dict
    scores: list = field(default_factory=list)

    @property
    def id(self):
        return self.head["id"]

    @property
    def version(self):
        return self.head["agent"]


WORD = re.compile(r"^([a-z_]+)(?: \[([^\]]*)\])?(:)?(?: (.*))?$", re.S)


def read_lines(text, offset):
    """Joins indented continuation lines and splits each directive into keyword, options and text."""
    joined = []
    for number, raw in enumerate(text.split("\n"), offset):
        if not raw.strip() or raw.startswith("#"):
            continue
        if raw.startswith("  ") and joined:
            part = raw[2:] if raw.strip() != "." else ""
            joined[-1][1] += "\n" + part
        else:
            joined.append([number, raw.rstrip()])
    lines = []
    for number, raw in joined:
        if raw == "!!":
            lines.append(Line("!!", "", "", number))
            continue
        match = WORD.match(raw)
        if not match:
            raise ValueError(f"line {number}: cannot read {raw!r}")
        lines.append(Line(match[1], match[2] or "", match[4] or "", number))
    return lines


def read_story(path):
    head_text, body_text, verdict_text = path.read_text(encoding="utf-8").split("\n---\n")
    head = {line.word: line.text for line in read_lines(head_text, 1)}
    body = read_lines(body_text, head_text.count("\n") + 3)
    tail = read_lines(verdict_text, head_text.count("\n") + body_text.count("\n") + 5)
    story = Story(path, head, body, {})
    for line in tail:
        if line.word == "score":
            story.scores.append(line)
        else:
            story.verdict[line.word] = line.text
    return story


def read_policy():
    clauses = re.findall(r"^- \*\*(\w+)\*\* (.*)$", (HERE / "policy.md").read_text(encoding="utf-8"), re.M)
    return dict(clauses)


def compact(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


POLICY = read_policy()
TOOLS = {tool["function"]["name"]: tool["function"] for tool in json.loads((HERE / "tools.json").read_text(encoding="utf-8"))}


def tools_for(agent, version, has):
    """The tools an agent is offered; `has` are the extra ones of this story."""
    if agent in ("planner", "verifier"):
        return []
    names = []
    for name in TOOLS:
        if name in NEW_IN_11 and version == "2026.10":
            continue
        if name in ("transfer_to_billing", "delegate_to_crew") and (name not in has or agent != "wren"):
            continue
        names.append(name)
    return names


# ---------------------------------------------------------------- OpenTelemetry plumbing


class StoryIds(IdGenerator):
    """Ids from the conversation id and a counter, so that editing one story leaves the others alone."""

    def __init__(self):
        self.seed, self.count = "", 0

    def start(self, seed):
        self.seed, self.count = seed, 0

    def _next(self, size):
        self.count += 1
        return int.from_bytes(hashlib.sha256(f"{self.seed}/{self.count}".encode()).digest()[:size], "big")

    def generate_span_id(self):
        return self._next(8)

    def generate_trace_id(self):
        return self._next(16)


def hex_ids(node):
    """OTLP/JSON writes ids as hex where the plain protobuf mapping writes base64."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key in ("traceId", "spanId", "parentSpanId"):
                node[key] = b64decode(value).hex()
            else:
                hex_ids(value)
    elif isinstance(node, list):
        for item in node:
            hex_ids(item)
    return node


def to_json(message):
    return compact(hex_ids(MessageToDict(message, use_integers_for_enums=True)))


class TraceLines(SpanExporter):
    """Collects the spans of a trace, children first as they end, and makes one line when its root ends."""

    def __init__(self):
        self.open, self.lines = [], []

    def export(self, spans):
        for span in spans:
            self.open.append(span)
            if span.parent is None:
                self.lines.append((span.end_time, to_json(encode_spans(self.open))))
                self.open = []
        return SpanExportResult.SUCCESS

    def shutdown(self):
        pass


class LogLines(LogRecordExporter):
    """Collects log records until `flush` makes one line of them."""

    def __init__(self):
        self.open, self.lines = [], []

    def export(self, batch):
        self.open.extend(batch)
        return LogRecordExportResult.SUCCESS

    def flush(self, at):
        if self.open:
            self.lines.append((at, to_json(encode_logs(self.open))))
        self.open = []

    def force_flush(self, timeout_millis=30_000):
        return True

    def shutdown(self):
        pass


def resource(version):
    return Resource(
        {
            "telemetry.sdk.language": "python",
            "telemetry.sdk.name": "opentelemetry",
            "telemetry.sdk.version": "1.45.2",
            "service.name": "larkfield-care",
            "service.version": version,
            "deployment.environment.name": "production",
        }
    )


class Recorder:
    """The providers of one agent version and of the evaluators."""

    def __init__(self):
        self.ids, self.traces, self.logs = StoryIds(), TraceLines(), LogLines()
        self.providers = {}
        for version in MODELS:
            provider = TracerProvider(resource=resource(version), id_generator=self.ids, shutdown_on_exit=False)
            provider.add_span_processor(SimpleSpanProcessor(self.traces))
            self.providers[version] = provider
        self.log_provider = LoggerProvider(resource=Resource({"service.name": "larkfield-care"}), shutdown_on_exit=False)
        self.log_provider.add_log_record_processor(SimpleLogRecordProcessor(self.logs))


# ---------------------------------------------------------------- the two dialects


def parts_of(message):
    """A message in the JSON shape of the OpenTelemetry GenAI convention."""
    if message["role"] == "tool":
        return {"role": "tool", "parts": [{"type": "tool_call_response", "id": message["id"], "response": message["content"]}]}
    parts = []
    if message.get("thought"):
        parts.append({"type": "reasoning", "content": message["thought"]})
    if message.get("content"):
        parts.append({"type": "text", "content": message["content"]})
    for call in message.get("calls", []):
        arguments = call["arguments"] if call["arguments"] is not None else call["raw"]
        parts.append({"type": "tool_call", "id": call["id"], "name": call["tool"], "arguments": arguments})
    return {"role": message["role"], "parts": parts}


class Convention:
    """Attributes as the OpenTelemetry GenAI convention names them."""

    scope = "larkfield.care.otel"

    def agent(self, name, version, story):
        return f"invoke_agent {name}", SpanKind.INTERNAL, {
            "gen_ai.operation.name": "invoke_agent",
            "gen_ai.agent.name": name,
            "gen_ai.agent.version": version,
            "gen_ai.conversation.id": story.id,
        }

    def agent_io(self, question, answer):
        out = {"gen_ai.input.messages": compact([{"role": "user", "parts": [{"type": "text", "content": question}]}])}
        if answer:
            out["gen_ai.output.messages"] = compact([{"role": "assistant", "parts": [{"type": "text", "content": answer}]}])
        return out

    def chat(self, agent, model, system, history, output, finish, offered, story):
        usage = token_counts(system, history, output, offered)
        done = parts_of(output) | {"finish_reason": "tool_call" if finish == "tool_calls" else finish}
        attributes = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "heron",
            "gen_ai.request.model": model,
            "gen_ai.response.model": model,
            "gen_ai.request.temperature": 0.2,
            "gen_ai.agent.name": agent,
            "gen_ai.conversation.id": story.id,
            "gen_ai.response.finish_reasons": [finish],
            "gen_ai.usage.input_tokens": usage[0],
            "gen_ai.usage.output_tokens": usage[1],
            "gen_ai.system_instructions": compact([{"type": "text", "content": system}]),
            "gen_ai.input.messages": compact([parts_of(message) for message in history]),
            "gen_ai.output.messages": compact([done]),
        }
        if offered:
            attributes["gen_ai.tool.definitions"] = compact([{"type": "function"} | TOOLS[name] for name in offered])
        return f"chat {model}", SpanKind.CLIENT, attributes

    def tool(self, agent, call, result, story):
        attributes = {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": call["tool"],
            "gen_ai.tool.type": "function",
            "gen_ai.tool.call.id": call["id"],
            "gen_ai.tool.call.arguments": call["raw"],
            "gen_ai.tool.call.result": result,
            "gen_ai.agent.name": agent,
        }
        return f"execute_tool {call['tool']}", SpanKind.INTERNAL, attributes

    def handoff(self, agent, target, call, result, story):
        name, kind, attributes = self.tool(agent, call, result, story)
        attributes |= {"gen_ai.span.kind": "HANDOFF", "gen_ai.handoff.target": target}
        return f"handoff to {target}", kind, attributes

    def retrieval(self, query, docs, story):
        return "retrieval service-policy", SpanKind.CLIENT, {
            "gen_ai.operation.name": "retrieval",
            "gen_ai.data_source.id": "service-policy",
            "gen_ai.retrieval.query.text": query,
            "gen_ai.retrieval.top_k": len(docs),
            "gen_ai.retrieval.documents": compact([{"id": key, "score": score, "content": POLICY[key]} for key, score in docs]),
        }

    def guardrail(self, name, side, result, score, text, story):
        return f"guardrail {name}", SpanKind.INTERNAL, {
            "gen_ai.span.kind": "GUARDRAIL",
            "gen_ai.guardrail.name": name,
            "gen_ai.guardrail.type": side,
            "gen_ai.guardrail.result": result,
            "gen_ai.guardrail.score": score,
            "gen_ai.guardrail.explanation": text,
        }


class OpenInference:
    """Attributes as OpenInference flattens them."""

    scope = "larkfield.care.openinference"

    def _base(self, kind, story):
        return {"openinference.span.kind": kind, "session.id": story.id, "user.id": story.head["user"]}

    def agent(self, name, version, story):
        return name, SpanKind.INTERNAL, self._base("AGENT", story) | {"agent.name": name, "gen_ai.agent.version": version}

    def agent_io(self, question, answer):
        out = {"input.value": question, "input.mime_type": "text/plain"}
        if answer:
            out |= {"output.value": answer, "output.mime_type": "text/plain"}
        return out

    def chat(self, agent, model, system, history, output, finish, offered, story):
        usage = token_counts(system, history, output, offered)
        attributes = self._base("LLM", story) | {
            "llm.model_name": model,
            "llm.provider": "heron",
            "llm.invocation_parameters": compact({"model": model, "temperature": 0.2}),
            "llm.finish_reason": finish,
            "llm.token_count.prompt": usage[0],
            "llm.token_count.completion": usage[1],
            "llm.token_count.total": sum(usage),
            "agent.name": agent,
        }
        for index, name in enumerate(offered):
            attributes[f"llm.tools.{index}.tool.json_schema"] = compact({"type": "function", "function": TOOLS[name]})
        messages = [{"role": "system", "content": system}, *history]
        for index, message in enumerate(messages):
            attributes |= self._message(f"llm.input_messages.{index}.message", message)
        attributes |= self._message("llm.output_messages.0.message", output)
        return "ChatCompletion", SpanKind.INTERNAL, attributes

    def _message(self, prefix, message):
        out = {f"{prefix}.role": message["role"]}
        if message.get("content"):
            out[f"{prefix}.content"] = message["content"]
        if message["role"] == "tool":
            out[f"{prefix}.tool_call_id"] = message["id"]
        for index, call in enumerate(message.get("calls", [])):
            base = f"{prefix}.tool_calls.{index}.tool_call"
            out |= {f"{base}.id": call["id"], f"{base}.function.name": call["tool"], f"{base}.function.arguments": call["raw"]}
        return out

    def tool(self, agent, call, result, story):
        attributes = self._base("TOOL", story) | {
            "tool.name": call["tool"],
            "input.value": call["raw"],
            "input.mime_type": "application/json",
            "output.value": result,
            "output.mime_type": "application/json",
        }
        return call["tool"], SpanKind.INTERNAL, attributes

    def handoff(self, agent, target, call, result, story):
        name, kind, attributes = self.tool(agent, call, result, story)
        return f"handoff to {target}", kind, attributes

    def retrieval(self, query, docs, story):
        attributes = self._base("RETRIEVER", story) | {"input.value": query, "input.mime_type": "text/plain"}
        for index, (key, score) in enumerate(docs):
            base = f"retrieval.documents.{index}.document"
            attributes |= {f"{base}.id": key, f"{base}.content": POLICY[key], f"{base}.score": score}
        return "service-policy", SpanKind.INTERNAL, attributes

    def guardrail(self, name, side, result, score, text, story):
        return name, SpanKind.INTERNAL, self._base("GUARDRAIL", story) | {
            "input.value": side,
            "output.value": compact({"result": result, "score": score, "reason": text}),
            "output.mime_type": "application/json",
        }


def token_counts(system, history, output, offered):
    read = len(system) + sum(len(compact(parts_of(m))) for m in history) + sum(len(compact(TOOLS[n])) for n in offered)
    return max(1, read // 4), max(1, len(compact(parts_of(output))) // 4)


# ---------------------------------------------------------------- playing a story


CALL = re.compile(r"^(\w+) (.*)$", re.S)
RESULT = re.compile(r"^(?:(\d+)ms )?(.*)$", re.S)
ERROR = re.compile(r"^(\S+) (\d+)ms (.*)$", re.S)
SCORE = re.compile(r"^(\w+) (-?[\d.]+) ([\w-]+)(?: conf ([\d.]+))?: (.*)$", re.S)
GUARD = re.compile(r"^(\w+) (\w+) (allow|block|warn) ([\d.]+): (.*)$", re.S)


@dataclass
class Scope:
    """An agent at work: its span, its own message list and the calls it waits for."""

    name: str
    span: object
    history: list
    task: str
    said: str = ""
    thought: str = ""
    waiting: list = field(default_factory=list)


class Player:
    """Plays one story: moves a clock, opens and ends spans, remembers where scores and the failure point."""

    def __init__(self, story, recorder):
        self.story, self.recorder = story, recorder
        self.random = random.Random(story.id)
        self.tracer = recorder.providers[story.version].get_tracer("larkfield.care", story.version)
        self.dialect = OpenInference() if story.head.get("dialect") == "openinference" else Convention()
        self.now = int(datetime.strptime(story.head["when"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=timezone.utc).timestamp()) * SECOND
        self.now += self.random.randrange(1000) * MS
        self.history, self.stack = [], []
        self.root = self.root_context = None
        self.speaker = "wren"
        self.call_count = {}
        self.last = None  # (span context, end time, description) of the step above
        self.first_failure = None
        self.scores = []
        self.turn = 0
        self.extra = {line.text.split(" ")[0] for line in story.body if line.word in ("call", "handoff")}
        self.question = self.answer = ""
        self.voice = story.head["channel"] == "voice"
        self.cut_ins = 0
        self.parallel = (0, 0)  # the decision whose calls are running, and when they started

    # -- clock and spans

    def pass_time(self, low, high):
        self.now += self.random.randrange(low, high) * MS

    def span(self, described, parent, start):
        name, kind, attributes = described
        context = trace.set_span_in_context(parent) if parent else Context()
        return self.tracer.start_span(name, context=context, kind=kind, attributes=attributes, start_time=start)

    def play(self):
        self.recorder.ids.start(self.story.id)
        for index, line in enumerate(self.story.body):
            try:
                self.step(line, index)
            except Exception as error:
                raise ValueError(f"{self.story.path.name}:{line.number}: {error}") from error
        self.end_turn(last=True)
        return self

    def step(self, line, index):
        word = line.word
        if word == "customer":
            self.customer(line)
        elif word == "think":
            self.stack[-1].thought = line.text
        elif word in AGENTS:
            self.say(line, index)
        elif word == "call":
            self.call(line, index)
        elif word in ("result", "error", "docs"):
            self.result(line)
        elif word == "handoff":
            self.handoff(line)
        elif word == "enter":
            self.enter(line)
        elif word == "leave":
            self.leave()
        elif word == "guardrail":
            self.guardrail(line)
        elif word == "score":
            self.scores.append((line, *self.last))
        elif word == "!!":
            self.first_failure = self.last[2]
        else:
            raise ValueError(f"unknown word {word!r}")

    # -- turns

    def customer(self, line):
        self.end_turn(last=False)
        options = dict((part.strip().split(" ", 1) + [""])[:2] for part in line.options.split(",") if part.strip())
        gap = next((key for key in options if key.startswith("+")), None)
        if gap:
            unit = {"s": 1, "m": 60, "h": 3600, "d": 86400}[gap[-1]]
            self.now += int(float(gap[1:-1]) * unit) * SECOND + self.random.randrange(1000) * MS
        elif self.turn:
            self.pass_time(*((900, 4_500) if self.voice else (14_000, 75_000)))
        self.turn += 1
        name, kind, attributes = self.dialect.agent(self.speaker, self.story.version, self.story)
        head = self.story.head
        attributes |= {
            "aftercall.intent": head["intent"],
            "aftercall.channel": head["channel"],
            "aftercall.customer.tier": head["tier"],
            "aftercall.language": head["language"],
            "aftercall.handled_by": head["handled_by"],
            "user.id": head["user"],
        }
        start = self.now
        self.root = self.span((name, kind, attributes), None, start)
        self.root_end = None
        self.question, self.answer = line.text, ""
        self.history.append({"role": "user", "content": line.text})
        self.stack = [Scope(self.speaker, self.root, self.history, line.text)]
        if self.voice:
            self.listen(line, options)

    def listen(self, line, options):
        """Speech recognition of a phone turn."""
        confidence = float(options.get("asr", "0.94"))
        if "cut-in" in options:
            self.cut_ins += 1
        start = self.now
        self.pass_time(180, 420)
        span = self.span(("stt listen", SpanKind.CLIENT, {
            "gen_ai.voice.stt.provider": "stonechat",
            "gen_ai.voice.stt.confidence": confidence,
            "gen_ai.voice.transcript": line.text,
        }), self.root, start)
        span.end(self.now)
        self.root.set_attributes({
            "gen_ai.voice.call_id": f"call-{self.story.id}",
            "gen_ai.voice.provider": "stonechat",
            "gen_ai.voice.channel_type": "phone",
            "gen_ai.voice.from_number": self.story.head["phone"],
            "gen_ai.voice.stt.confidence": confidence,
            "gen_ai.voice.interruptions.user_count": self.cut_ins,
        })

    def speak(self, text):
        """Speech synthesis of a phone reply; playing it takes about as long as reading it aloud."""
        start = self.now
        self.pass_time(250, 600)
        span = self.span(("tts speak", SpanKind.CLIENT, {
            "gen_ai.voice.tts.provider": "stonechat",
            "gen_ai.voice.tts.characters": len(text),
        }), self.root, start)
        self.now += len(text) * 55 * MS
        span.end(self.now)

    def end_turn(self, last):
        if self.root is None:
            return
        while len(self.stack) > 1:
            self.leave()
        self.root.set_attributes(self.dialect.agent_io(self.question, self.answer))
        if last:
            outcome = self.outcome()
            if outcome["csat"] != "":
                self.root.set_attribute("aftercall.outcome.csat", outcome["csat"])
            self.root.set_attribute("aftercall.outcome.reopened", outcome["reopened"])
            if self.voice:
                self.root.set_attribute("gen_ai.voice.ended_reason", self.story.head.get("ended", "customer_hung_up"))
        self.root.end(self.now)
        self.root_end = self.now
        self.root_context, self.root = self.root.get_span_context(), None

    def outcome(self):
        words = dict(part.strip().split(" ") for part in self.story.head["outcome"].split(","))
        csat = words["csat"]
        return {"csat": int(csat) if csat != "-" else "", **{key: words[key] == "yes" for key in ("reopened", "repeat", "resolved")}}

    # -- what an agent does

    def chat(self, scope, text, calls, finish, seconds):
        """One model call: the whole history in, the message out."""
        version = self.story.version
        system = PROMPTS.get(f"{scope.name} {version}") or PROMPTS[scope.name]
        offered = tools_for(scope.name, version, self.extra)
        message = {"role": "assistant", "content": text, "calls": calls, "thought": scope.thought}
        described = self.dialect.chat(scope.name, MODELS[version], system, scope.history, message, finish, offered, self.story)
        start = self.now + self.random.randrange(3, 30) * MS
        tokens = len(compact(parts_of(message))) // 4
        took = int(seconds * 1000) if seconds else self.random.randrange(350, 900) + tokens * self.random.randrange(9, 16)
        self.now = start + took * MS
        span = self.span(described, scope.span, start)
        span.end(self.now)
        scope.history.append(message)
        scope.thought = ""
        return span

    def pending_calls(self, index):
        """The calls that follow a line of speech belong to the same model output."""
        calls = []
        for line in self.story.body[index:]:
            if line.word != "call":
                break
            calls.append(self.parse_call(line))
        return calls

    def parse_call(self, line):
        tool, raw = CALL.match(line.text).groups()
        try:
            arguments = json.loads(raw)
            raw = compact(arguments)
        except json.JSONDecodeError:
            arguments = None
        digest = hashlib.sha256(f"{self.story.id}/{line.number}".encode()).hexdigest()
        return {"tool": tool, "raw": raw, "arguments": arguments, "id": f"call_{digest[:10]}", "line": line.number}

    def say(self, line, index):
        scope = self.stack[-1]
        if line.word != scope.name:
            raise ValueError(f"{line.word} speaks but {scope.name} is at work")
        calls = self.pending_calls(index + 1)
        options = [part.strip() for part in line.options.split(",")]
        seconds = next((float(part[:-1]) for part in options if re.fullmatch(r"[\d.]+s", part)), None)
        finish = "length" if "length" in options else "tool_calls" if calls else "stop"
        span = self.chat(scope, line.text, calls, finish, seconds)
        self.register_calls(scope, calls, span)
        scope.said = line.text
        if scope.name not in CREW:
            self.answer = line.text
            if self.voice:
                self.speak(line.text)
        self.remember(span, {"kind": "message", "agent": scope.name, "text": line.text})

    def register_calls(self, scope, calls, span):
        for call in calls:
            call["decision"] = span.get_span_context()
            scope.waiting.append(call)

    def call(self, line, index):
        scope = self.stack[-1]
        if any(call["line"] == line.number for call in scope.waiting):
            self.remember_call(next(call for call in scope.waiting if call["line"] == line.number))
            return
        calls = self.pending_calls(index)
        span = self.chat(scope, "", calls, "tool_calls", None)
        self.register_calls(scope, calls, span)
        self.remember_call(scope.waiting[0])

    def remember(self, span, description):
        context = span.get_span_context() if hasattr(span, "get_span_context") else span
        description |= {"trace_id": format(context.trace_id, "032x"), "span_id": format(context.span_id, "016x")}
        self.last = (context, self.now, description)

    def remember_call(self, call, context=None):
        nth = self.call_count.get(call["tool"], 0) + (1 if context is None else 0)
        description = {"kind": "tool", "tool": call["tool"], "arguments": call["arguments"] if call["arguments"] is not None else call["raw"], "nth": nth}
        description["decision_span_id"] = format(call["decision"].span_id, "016x")
        self.remember(context or call["decision"], description)

    def result(self, line):
        scope = self.stack[-1]
        while not scope.waiting:
            if len(self.stack) == 1:
                raise ValueError("a result without a call")
            self.leave()
            scope = self.stack[-1]
        call = scope.waiting.pop(0)
        docs, status = [], None
        if line.word == "docs":
            docs = [(part.split()[0], float(part.split()[1])) for part in line.text.split(",")]
            text, took = compact({"results": [{"id": key, "text": POLICY[key]} for key, _ in docs]}), self.random.randrange(140, 480)
        elif line.word == "error":
            status, took, text = ERROR.match(line.text).groups()
        else:
            took, text = RESULT.match(line.text).groups()
            took = took or self.random.randrange(60, 420)
        if text[:1] in "{[":
            text = compact(json.loads(text))
        start = call.get("opened") or self.tool_start(call)
        self.now = max(self.now, start + int(took) * MS)
        end = self.now if "span" in call else start + int(took) * MS
        span = call.get("span") or self.span(self.dialect.tool(scope.name, call, text, self.story), scope.span, start)
        if "span" in call:
            span.set_attributes(self.dialect.tool(scope.name, call, text, self.story)[2])
        if docs:
            found = self.span(self.dialect.retrieval(call["arguments"]["query"], docs, self.story), span, start + 4 * MS)
            found.end(end - 3 * MS)
        if status:
            kind = {"500": "InternalServerError", "503": "ServiceUnavailable", "504": "GatewayTimeout", "409": "Conflict", "422": "ValidationError"}.get(status, status)
            span.set_attribute("error.type", kind)
            span.add_event("exception", {"exception.type": kind, "exception.message": text}, timestamp=end)
            span.set_status(Status(StatusCode.ERROR, text))
        span.end(end)
        self.call_count[call["tool"]] = self.call_count.get(call["tool"], 0) + 1
        scope.history.append({"role": "tool", "id": call["id"], "content": text})
        self.remember_call(call, span.get_span_context())

    def tool_start(self, call):
        """Calls of one model output start side by side."""
        decision = call["decision"].span_id
        if self.parallel[0] != decision:
            self.parallel = (decision, self.now + self.random.randrange(1, 9) * MS)
        return self.parallel[1]

    # -- several agents

    def handoff(self, line):
        """The current agent passes the customer to another one, who sees the same conversation."""
        scope = self.stack[-1]
        call = self.parse_call(line)
        target = call["tool"].removeprefix("transfer_to_")
        decision = self.chat(scope, "", [call], "tool_calls", None)
        call["decision"] = decision.get_span_context()
        text, start = compact({"assistant": target}), self.now + 4 * MS
        self.now = start + 30 * MS
        span = self.span(self.dialect.handoff(scope.name, target, call, text, self.story), scope.span, start)
        span.end(self.now)
        scope.history.append({"role": "tool", "id": call["id"], "content": text})
        self.call_count[call["tool"]] = self.call_count.get(call["tool"], 0) + 1
        self.remember_call(call, span.get_span_context())
        self.speaker = target
        agent = self.span(self.dialect.agent(target, self.story.version, self.story), self.root, self.now)
        self.stack.append(Scope(target, agent, self.history, self.question))

    def enter(self, line):
        """A crew member starts on a task of its own, inside the tool call that asked for it."""
        name, task = line.text.split(" ", 1)
        if self.stack[-1].name in CREW:
            self.leave()
        scope = self.stack[-1]
        call = scope.waiting[0]
        if "span" not in call:
            call["opened"] = self.now + 2 * MS
            call["span"] = self.span(self.dialect.tool(scope.name, call, "", self.story), scope.span, call["opened"])
        self.now += 4 * MS
        agent = self.span(self.dialect.agent(name, self.story.version, self.story), call["span"], self.now)
        self.stack.append(Scope(name, agent, [{"role": "user", "content": task}], task))

    def leave(self):
        scope = self.stack.pop()
        scope.span.set_attributes(self.dialect.agent_io(scope.task, scope.said))
        self.now += 2 * MS
        scope.span.end(self.now)

    def guardrail(self, line):
        name, side, result, score, text = GUARD.match(line.text).groups()
        start = self.now + 3 * MS
        self.pass_time(40, 130)
        span = self.span(self.dialect.guardrail(name, side, result, float(score), text, self.story), self.stack[-1].span, start)
        span.end(self.now)
        self.remember(span, {"kind": "guardrail", "name": name})

    # -- after the conversation

    def evaluate(self):
        """Writes the scores as evaluation log records, some minutes after the step they are about."""
        targets = self.scores + [(line, self.root_context, self.root_end + 600 * SECOND, {}) for line in self.story.scores]
        latest = 0
        for line, context, end, _ in targets:
            match = SCORE.match(line.text)
            if not match:
                raise ValueError(f"{self.story.path.name}:{line.number}: cannot read score {line.text!r}")
            name, value, label, confidence, explanation = match.groups()
            at = end + self.random.randrange(40, 240) * SECOND
            latest = max(latest, at)
            attributes = {
                "gen_ai.evaluation.name": name,
                "gen_ai.evaluation.score.value": float(value),
                "gen_ai.evaluation.score.label": label,
                "gen_ai.evaluation.explanation": explanation,
                "gen_ai.conversation.id": self.story.id,
            }
            if confidence:
                attributes["gen_ai.evaluation.score.confidence"] = float(confidence)
            where = trace.set_span_in_context(trace.NonRecordingSpan(context))
            logger = self.recorder.log_provider.get_logger("larkfield.judge" if name == "auto_resolution_judge" else "larkfield.evals", "3")
            logger.emit(LogRecord(
                timestamp=at,
                observed_timestamp=at + 5 * MS,
                context=where,
                severity_number=SeverityNumber.INFO,
                attributes=attributes,
                event_name="gen_ai.evaluation.result",
            ))
        self.recorder.logs.flush(latest)

    def answer_row(self):
        """What a careful reader would say about this conversation."""
        verdict = self.story.verdict
        row = {"conversation_id": self.story.id, "title": self.story.head["title"], "verdict": verdict["verdict"]}
        if verdict["verdict"] == "fail":
            row["mode"] = verdict["mode"]
            row["severity"] = int(verdict["severity"])
            row["first_failure"] = self.first_failure
            kind, _, rest = verdict["right"].partition(" ")
            if kind == "tool":
                tool, raw = CALL.match(rest).groups()
                row["right"] = {"kind": "tool", "tool": tool, "arguments": json.loads(raw)}
            else:
                row["right"] = {"kind": kind, "text": rest}
        row["note"] = verdict["note"]
        if verdict.get("demo") == "judged":
            row["demo_judged"] = True
        return row


# ---------------------------------------------------------------- writing the files


def build():
    """All output files as text, by name."""
    stories = [read_story(path) for path in sorted((HERE / "stories").glob("*.story"))]
    if len({story.id for story in stories}) != len(stories):
        raise ValueError("two stories share an id")
    recorder, answers, outcomes = Recorder(), [], []
    for story in stories:
        player = Player(story, recorder).play()
        player.evaluate()
        answers.append(player.answer_row())
        outcomes.append((story.id, player.outcome()))
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(["conversation_id", "csat", "reopened", "repeat_contact", "resolved"])
    for name, outcome in sorted(outcomes):
        flags = [str(outcome[key]).lower() for key in ("reopened", "repeat", "resolved")]
        writer.writerow([name, outcome["csat"], *flags])
    answers.sort(key=lambda row: row["conversation_id"])
    return {
        "conversations.jsonl": "".join(line + "\n" for _, line in sorted(recorder.traces.lines)),
        "evaluations.jsonl": "".join(line + "\n" for _, line in sorted(recorder.logs.lines)),
        "outcomes.csv": table.getvalue(),
        "answers.json": json.dumps(answers, ensure_ascii=False, indent=1) + "\n",
    }


def main():
    files = build()
    if "--check" in sys.argv:
        stale = [name for name, text in files.items() if (HERE / name).read_text(encoding="utf-8") != text]
        print("stale: " + ", ".join(stale) if stale else "up to date")
        return 1 if stale else 0
    for name, text in files.items():
        (HERE / name).write_text(text, encoding="utf-8")
        print(f"{name}: {len(text.encode()):,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
