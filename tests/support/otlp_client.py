"""Sends two conversations through the OpenTelemetry SDK to the endpoint that is given, and says how that went.

Usage: otlp_client.py ENDPOINT protobuf-gzip|protobuf TURNS
"""

import sys

from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult
from opentelemetry.trace import Status, StatusCode

endpoint, form, turns = sys.argv[1], sys.argv[2], int(sys.argv[3])
results = []


class Watched(OTLPSpanExporter):
    def export(self, spans):
        result = super().export(spans)
        results.append(result)
        return result


compression = Compression.Gzip if form == "protobuf-gzip" else Compression.NoCompression
exporter = Watched(endpoint=endpoint + "/v1/traces", compression=compression)
provider = TracerProvider(resource=Resource.create({"service.name": "lamp-shop"}))
provider.add_span_processor(BatchSpanProcessor(exporter, max_export_batch_size=16))
tracer = provider.get_tracer("tests")

for session in ("one", "two"):
    for turn in range(turns):
        with tracer.start_as_current_span("turn") as root:
            root.set_attribute("session.id", session)
            root.set_attribute("openinference.span.kind", "AGENT")
            with tracer.start_as_current_span("chat") as chat:
                chat.set_attribute("openinference.span.kind", "LLM")
                chat.set_attribute("llm.input_messages.0.message.role", "user")
                chat.set_attribute("llm.input_messages.0.message.content", f"{session}: where is lamp {turn}?")
                chat.set_attribute("llm.output_messages.0.message.role", "assistant")
                chat.set_attribute("llm.output_messages.0.message.content", f"{session}: lamp {turn} is on its way")
                chat.set_attribute("llm.token_count.total", 12)
            with tracer.start_as_current_span("get_order") as tool:
                tool.set_attribute("openinference.span.kind", "TOOL")
                tool.set_attribute("tool.name", "get_order")
                tool.set_attribute("input.value", '{"order": %d}' % turn)
                if turn == 0:
                    tool.record_exception(ValueError("no such order"))
                    tool.set_status(Status(StatusCode.ERROR, "no such order"))

provider.shutdown()
good = sum(result is SpanExportResult.SUCCESS for result in results)
print(f"{good} of {len(results)} batches accepted")
sys.exit(0 if results and good == len(results) else 1)
