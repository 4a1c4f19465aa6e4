import { assertEquals, assertRejects } from "@std/assert";
import { SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { ask } from "../testing/ask.ts";
import { traced, tracedCall } from "./traced.ts";

const CALLER = { kid: "k1", jti: "t1", ns: "prod", maxBytes: Infinity, isGood: () => true };

Deno.test("the collector's own spans: one an answer, named by the route", async () => {
  const exporter = new InMemorySpanExporter();
  trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }));
  try {
    const handler = traced(({ path }) => {
      if (path === "/v1/slo") throw new Error("defect");
      if (path === "/v1/agents") return Promise.resolve({ status: 200, body: "", caller: CALLER });
      return Promise.resolve({ status: path === "/nowhere" ? 404 : path === "/v1/logs" ? 503 : 200, body: "" });
    });
    for (const path of ["/v1/traces", "/v1/logs"]) await ask(handler, { path });
    for (const path of ["/v1/requests/abc", "/v1/incidents/x\x1b", "/nowhere"]) {
      await ask(handler, { method: "GET", path });
    }
    await ask(handler, { method: "GET", path: "/v1/agents" });
    tracedCall("a.B/C", "ingest", (told) => told(14, CALLER));
    const [query, call] = exporter.getFinishedSpans().slice(-2);
    for (const { attributes } of [query!, call!]) {
      assertEquals([attributes["cap.kid"], attributes.jti, attributes.ns], ["k1", "t1", "prod"]);
    }
    assertEquals([call!.name, call!.attributes["rpc.grpc.status_code"], call!.status.code], ["a.B/C", 14, 2]);
    assertEquals(exporter.getFinishedSpans()[0]!.attributes["cap.kid"], undefined);
    await ask(handler, { method: "NONSENSE", path: "/v1/health" });
    await assertRejects(() => ask(handler, { method: "GET", path: "/v1/slo" }), Error, "defect");
    const told = exporter.getFinishedSpans().map(({ name, kind, status, attributes }) => {
      assertEquals(kind, SpanKind.SERVER);
      return [name, attributes["sloctl.work"], attributes["http.response.status_code"], status.code];
    });
    const { UNSET, ERROR } = SpanStatusCode;
    assertEquals(told, [
      ["POST /v1/traces", "ingest", 200, UNSET],
      ["POST /v1/logs", "ingest", 503, ERROR],
      ["GET /v1/requests/{trace_id}", "query", 200, UNSET],
      ["GET /v1/incidents/{id}", "query", 200, UNSET],
      ["GET other", "none", 404, UNSET],
      ["GET /v1/agents", "query", 200, UNSET],
      ["a.B/C", "ingest", undefined, ERROR],
      ["_OTHER /v1/health", "query", 200, UNSET],
      ["GET /v1/slo", "query", undefined, ERROR],
    ]);
  } finally {
    trace.disable();
  }
});
