/** Export requests whose span and trace ids are new each time, without encoding them anew: the ids are written over. */
import { encodeTraces, type Encoding } from "../../lib/otlp/mod.ts";
import type { Span } from "../../lib/model/span.ts";

export interface Bodies {
  readonly next: () => Uint8Array<ArrayBuffer>;
}

/** Spans of one trace: a service's answer to a request, and what it did for it. */
const TRACE_SPANS = 10;

/** @param size spans of one request; ten of them, or what is left over, are a trace */
export function bodies(encoding: Encoding, size: number): Bodies {
  const said = (id: Uint8Array<ArrayBuffer>) => encoding === "json" ? ascii(id) : id;
  const traces = Array.from({ length: Math.ceil(size / TRACE_SPANS) }, () => random(16));
  const ids = Array.from({ length: size }, (_, i) => [traces[Math.floor(i / TRACE_SPANS)]!, random(8)] as const);
  const spans = ids.map(([trace, span], i) => spanOf(trace.toHex(), span.toHex(), i % TRACE_SPANS === 0 ? 2 : 1));
  const body = encodeTraces(spans, encoding);
  // They stand in the order they were given in.
  let from = 0;
  const places = ids.map(([, span]) => from = find(body, said(span), from));
  // In both encodings a span begins with its trace id and its own.
  const gap = places[0]! - find(body, said(traces[0]!), 0);
  return {
    next: () => {
      const fresh = body.slice();
      let trace = random(16);
      for (const [i, place] of places.entries()) {
        if (i % TRACE_SPANS === 0) trace = said(random(16));
        fresh.set(trace, place - gap);
        fresh.set(said(random(8)), place);
      }
      return fresh;
    },
  };
}

function spanOf(traceId: string, spanId: string, kind: number): Span {
  return {
    resource: { "service.name": "gateway", "host.name": "node-1", "process.pid": 900n },
    scope: "bench",
    traceId,
    spanId,
    parentSpanId: "00f067aa0ba902b7",
    name: "POST /v1/chat/completions",
    kind,
    startNs: 1_767_225_600_000_000_000n,
    endNs: 1_767_225_600_085_000_000n,
    attributes: {
      "http.request.method": "POST",
      "http.response.status_code": 200n,
      "gen_ai.request.model": "lab-7b",
      "server.address": "10.0.0.9",
      "server.port": 8000n,
    },
    events: [],
    statusCode: 0,
    statusMessage: "",
  };
}

function random(n: number): Uint8Array<ArrayBuffer> {
  return crypto.getRandomValues(new Uint8Array(n));
}

function ascii(id: Uint8Array): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(id.toHex());
}

function find(body: Uint8Array, id: Uint8Array, from: number): number {
  for (let at = body.indexOf(id[0]!, from); at >= 0; at = body.indexOf(id[0]!, at + 1)) {
    if (id.every((byte, i) => body[at + i] === byte)) return at;
  }
  throw new Error("an id is not in the body it was encoded into");
}
