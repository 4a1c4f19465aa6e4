/** One export request as a file, and where the ids of its spans lie: for otlp_load, which writes over them. */
import { probeEventLog } from "../../lib/export/probe_event_log.ts";
import type { ProbeEventV1Alpha2 } from "../../lib/model/probe_event.ts";
import { encodeLogs, encodeTraces, type Encoding, MEDIA_TYPE, type Signal } from "../../lib/otlp/mod.ts";
import type { Span } from "../../lib/model/span.ts";

/** Spans of one trace: a service's answer to a request, and what it did for it. */
const TRACE_SPANS = 10;

export interface RequestFiles {
  readonly request: string;
  readonly places: string;
  /** Of the body. */
  readonly bytes: number;
}

/** @param size spans of the request; ten of them, or what is left over, are a trace */
export function writeRequest(folder: string, encoding: Encoding, size: number): RequestFiles {
  const name = `${folder}/${encoding}-${size}`;
  const said = (id: Uint8Array) => encoding === "json" ? new TextEncoder().encode(id.toHex()) : id;
  const traces = Array.from({ length: Math.ceil(size / TRACE_SPANS) }, () => random(16));
  const ids = Array.from({ length: size }, (_, i) => [traces[Math.floor(i / TRACE_SPANS)]!, random(8)] as const);
  const spans = ids.map(([trace, span], i) => benchSpan(trace.toHex(), span.toHex(), i % TRACE_SPANS === 0 ? 2 : 1));
  return write(name, "traces", encoding, encodeTraces(spans, encoding), (body) => {
    const numbers: number[] = [];
    let from = 0;
    ids.forEach(([trace, span], i) => {
      const traceAt = find(body, said(trace), from);
      from = find(body, said(span), traceAt);
      numbers.push(traceAt, from, i % TRACE_SPANS === 0 ? 1 : 0);
    });
    return numbers;
  });
}

/** Kernel events as OTLP logs, in protobuf; told apart by the text of one of their attributes. @param size events of the request */
export function writeEvents(folder: string, size: number): RequestFiles {
  const marks = Array.from({ length: size }, () => random(24).toHex());
  const logs = marks.map((mark) => probeEventLog({ ...EVENT, attributes: { mark } }, {}, EVENT.ts_unix_nano));
  const utf8 = new TextEncoder();
  const body = encodeLogs(logs, "protobuf");
  return write(`${folder}/events-${size}`, "logs", "protobuf", body, () => {
    let from = 0;
    // The first 32 characters are written over as if they were a trace id, the others as a span id.
    return marks.flatMap((mark) => [from = find(body, utf8.encode(mark), from), from + 32, 1]);
  }, true);
}

/** A request with one span of a trace of its own. */
export function benchTrace(): { readonly body: Uint8Array<ArrayBuffer>; readonly traceId: string } {
  const traceId = random(16).toHex();
  return { body: encodeTraces([benchSpan(traceId, random(8).toHex(), 2)], "protobuf"), traceId };
}

function write(
  name: string,
  signal: Signal,
  encoding: Encoding,
  body: Uint8Array,
  places: (body: Uint8Array) => number[],
  hex = encoding === "json",
): RequestFiles {
  const head = new TextEncoder().encode(
    `POST /v1/${signal} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: ${MEDIA_TYPE[encoding]}\r\n` +
      `content-length: ${body.length}\r\n\r\n`,
  );
  const numbers = [hex ? 1 : 0, ...places(body).map((number, i) => i % 3 === 2 ? number : head.length + number)];
  Deno.writeFileSync(name, new Uint8Array([...head, ...body]));
  Deno.writeFileSync(`${name}.places`, new Uint8Array(new Uint32Array(numbers).buffer));
  return { request: name, places: `${name}.places`, bytes: body.length };
}

const EVENT: ProbeEventV1Alpha2 = {
  schema: "probe_event/v1alpha2",
  // Another day on another node: they are to be kept, not to be joined with the spans.
  ts_unix_nano: 1_767_139_200_000_000_000n,
  signal: "dns_latency_ms",
  node: "node-2",
  namespace: "",
  pod: "",
  container: "",
  pid: 77,
  tid: 77,
  value: 12.5,
  unit: "ms",
  status: "ok",
};

/** One service's, as an SDK sends them: all spans of a request share it. */
const RESOURCE = { "service.name": "gateway", "host.name": "node-1", "process.pid": 900n };

function benchSpan(traceId: string, spanId: string, kind: number): Span {
  return {
    resource: RESOURCE,
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

function find(body: Uint8Array, id: Uint8Array, from: number): number {
  for (let at = body.indexOf(id[0]!, from); at >= 0; at = body.indexOf(id[0]!, at + 1)) {
    if (id.every((byte, i) => body[at + i] === byte)) return at;
  }
  throw new Error("an id is not in the body it was encoded into");
}
