"""Makes a database with the program itself: python make_databases.py phoenix|mlflow FOLDER

Prints the database's path. Needs `arize-phoenix` or `mlflow`; whoever has neither gets an exit status of 1.
All text in it is invented.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request

QUESTION = "Where is BW-204?"
CALL = {"id": "c1", "type": "function", "function": {"name": "get_order", "arguments": '{"order_id":"BW-204"}'}}
RESULT = '{"status":"delivered"}'
ANSWER = "It was delivered."


def mlflow_database(folder):
    import mlflow
    from mlflow.entities import AssessmentSource, SpanType

    path = os.path.join(folder, "mlflow.db")
    os.chdir(folder)
    mlflow.set_tracking_uri("sqlite:///" + path)
    mlflow.set_experiment("bellwether")

    def chat(messages, answer):
        with mlflow.start_span("chat", span_type=SpanType.CHAT_MODEL) as span:
            span.set_inputs({"messages": messages})
            span.set_outputs({"choices": [{"message": answer}]})

    @mlflow.trace(span_type=SpanType.TOOL)
    def get_order(order_id):
        return {"status": "delivered"}

    @mlflow.trace(span_type=SpanType.AGENT)
    def answer(question):
        mlflow.update_current_trace(metadata={"mlflow.trace.session": "bw-77"}, tags={"intent": "refund"})
        asked = {"role": "user", "content": question}
        called = {"role": "assistant", "content": None, "tool_calls": [CALL]}
        chat([asked], called)
        get_order("BW-204")
        told = {"role": "tool", "tool_call_id": "c1", "content": RESULT}
        chat([asked, called, told], {"role": "assistant", "content": ANSWER})
        return ANSWER

    answer(QUESTION)
    trace = mlflow.get_last_active_trace_id()
    if hasattr(mlflow, "flush_trace_async_logging"):
        mlflow.flush_trace_async_logging()
    source = AssessmentSource(source_type="HUMAN", source_id="mira")
    mlflow.log_feedback(trace_id=trace, name="helpful", value=True, source=source, rationale="Quick.")
    wanted = [{"name": "get_order", "arguments": {"order_id": "BW-204"}}]
    mlflow.log_expectation(trace_id=trace, name="expected_tool_calls", value=wanted, source=source)
    return path


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def phoenix_database(folder):
    import phoenix  # noqa: F401
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor

    port = free_port()
    here = f"http://127.0.0.1:{port}"
    told = dict(
        os.environ,
        PHOENIX_WORKING_DIR=folder,
        PHOENIX_PORT=port,
        PHOENIX_GRPC_PORT=free_port(),
        PHOENIX_HOST="127.0.0.1",
        PHOENIX_TELEMETRY_ENABLED="false",
    )
    with open(os.path.join(folder, "log"), "w") as log:
        command = [sys.executable, "-m", "phoenix.server.main", "serve"]
        server = subprocess.Popen(command, env=told, stdout=log, stderr=subprocess.STDOUT)
    try:
        for _ in range(120):
            time.sleep(1)
            try:
                urllib.request.urlopen(here + "/healthz", timeout=2)
                break
            except OSError:
                pass
        provider = TracerProvider(resource=Resource({"openinference.project.name": "bellwether"}))
        provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(here + "/v1/traces")))
        tracer = provider.get_tracer("shop")
        ids = {}

        def span(name, kind, attributes):
            with tracer.start_as_current_span(name) as one:
                one.set_attributes({"openinference.span.kind": kind, "session.id": "bw-77", **attributes})
                return format(one.get_span_context().span_id, "016x")

        def messages(prefix, all):
            return {f"llm.{prefix}_messages.{i}.message.{k}": v for i, one in enumerate(all) for k, v in one.items()}

        asked = {"role": "user", "content": QUESTION}
        called = {
            "role": "assistant",
            "tool_calls.0.tool_call.id": "c1",
            "tool_calls.0.tool_call.function.name": "get_order",
            "tool_calls.0.tool_call.function.arguments": CALL["function"]["arguments"],
        }
        answered = {"role": "tool", "tool_call_id": "c1", "content": RESULT}
        with tracer.start_as_current_span("agent") as root:
            root.set_attributes({"openinference.span.kind": "AGENT", "session.id": "bw-77"})
            trace = format(root.get_span_context().trace_id, "032x")
            span("chat", "LLM", {**messages("input", [asked]), **messages("output", [called])})
            tool = {"tool.name": "get_order", "input.value": CALL["function"]["arguments"], "output.value": RESULT}
            span("get_order", "TOOL", tool)
            said = [{"role": "assistant", "content": ANSWER}]
            ids["last"] = span("chat", "LLM", {**messages("input", [asked, called, answered]), **messages("output", said)})
        provider.shutdown()

        def post(kind, row):
            body = json.dumps({"data": [{"metadata": {}, **row}]}).encode()
            request = urllib.request.Request(
                f"{here}/v1/{kind}_annotations?sync=true", data=body, headers={"content-type": "application/json"}
            )
            for attempt in range(30):
                try:
                    return urllib.request.urlopen(request, timeout=20).read()
                except OSError:
                    # Spans are stored a moment after they were taken.
                    time.sleep(1)
            raise SystemExit("no annotation was taken")

        result = {"label": "correct", "score": 1.0, "explanation": "as the order says"}
        post("span", {"span_id": ids["last"], "name": "correctness", "annotator_kind": "LLM", "result": result})
        result = {"label": "yes", "score": 1.0}
        post("trace", {"trace_id": trace, "name": "resolved", "annotator_kind": "HUMAN", "result": result})
        post("session", {"session_id": "bw-77", "name": "csat", "annotator_kind": "HUMAN", "result": {"score": 4.0}})
        time.sleep(1)
    finally:
        server.send_signal(signal.SIGINT)
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
    return os.path.join(folder, "phoenix.db")


if __name__ == "__main__":
    make = {"phoenix": phoenix_database, "mlflow": mlflow_database}[sys.argv[1]]
    try:
        out = os.dup(1)
        os.dup2(2, 1)  # what the packages say goes to standard error
        path = make(os.path.abspath(sys.argv[2]))
    except ImportError as error:
        raise SystemExit(str(error))
    os.write(out, (path + "\n").encode())
