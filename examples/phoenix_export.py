"""Times how fast Phoenix gives back the spans it was sent, as JSON lines; for `examples/curated_numbers.rs`.

Usage: VENV/bin/python examples/phoenix_export.py TRACES.jsonl OUT.jsonl. Starts a server of its own on a free port of this
machine, in a folder that is gone afterwards, and ends it by its process id. Prints "spans seconds bytes".
"""

import base64
import gzip
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

from google.protobuf.json_format import ParseDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

SECONDS = 240


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def binary(request):
    """The request in protobuf: ids are hex digits in files, and base64 in protobuf's own JSON."""
    for resource in request["resourceSpans"]:
        for scope in resource["scopeSpans"]:
            for span in scope["spans"]:
                for key in ("traceId", "spanId", "parentSpanId"):
                    span[key] = base64.b64encode(bytes.fromhex(span.get(key, ""))).decode()
    return ParseDict(request, ExportTraceServiceRequest(), ignore_unknown_fields=True).SerializeToString()


def send(url, body):
    headers = {"content-type": "application/x-protobuf", "content-encoding": "gzip"}
    for attempt in range(40):
        try:
            urllib.request.urlopen(urllib.request.Request(url, gzip.compress(body, 1), headers), timeout=60).read()
            return
        except urllib.error.HTTPError as error:
            if error.code != 503:
                raise
            time.sleep(0.25 * (attempt + 1))
    sys.exit("the server takes no more spans")


def main(traces, out):
    sent = 0
    with tempfile.TemporaryDirectory() as folder:
        port, grpc = free_port(), free_port()
        base = f"http://127.0.0.1:{port}"
        environment = dict(
            os.environ, PHOENIX_WORKING_DIR=folder, PHOENIX_HOST="127.0.0.1", PHOENIX_PORT=str(port),
            PHOENIX_GRPC_PORT=str(grpc), PHOENIX_TELEMETRY_ENABLED="false",
        )
        log = open(os.path.join(folder, "log"), "w")
        server = subprocess.Popen([sys.executable, "-m", "phoenix.server.main", "serve"], env=environment, stdout=log, stderr=log)
        try:
            end = time.monotonic() + SECONDS
            while True:
                try:
                    urllib.request.urlopen(base + "/healthz", timeout=2).read()
                    break
                except OSError:
                    if server.poll() is not None or time.monotonic() > end:
                        sys.exit("the server does not start:\n" + open(os.path.join(folder, "log")).read()[-2000:])
                    time.sleep(0.5)
            for line in open(traces, encoding="utf-8"):
                request = json.loads(line)
                sent += sum(len(scope["spans"]) for one in request["resourceSpans"] for scope in one["scopeSpans"])
                send(base + "/v1/traces", binary(request))
            from phoenix.client import Client

            client, best, rounds = Client(base_url=base), None, 0
            while rounds < 3:
                start = time.monotonic()
                spans = client.spans.get_spans_dataframe(project_identifier="default", limit=10 * sent, timeout=SECONDS)
                spans.to_json(out, orient="records", lines=True, date_format="iso")
                seconds = time.monotonic() - start
                if len(spans) < sent and time.monotonic() < end:
                    # What was sent last may not be stored yet.
                    time.sleep(1)
                    continue
                # The best of three, since the first also loads libraries.
                rounds += 1
                best = min(best or seconds, seconds)
            print(len(spans), f"{best:.3f}", os.path.getsize(out))
        finally:
            server.terminate()
            server.wait(30)


main(sys.argv[1], sys.argv[2])
