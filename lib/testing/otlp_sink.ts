/** An OTLP/HTTP receiver that fails as it is told to, and reads what it takes with OpenTelemetry's own generated classes. */
import { Buffer } from "node:buffer";
import root from "@opentelemetry/otlp-transformer-generated";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";

/** `hang`: no answer; `cut`: the connection ends without one; else a status, which takes the spans when it is 200. */
export type SinkAnswer = "hang" | "cut" | {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Of a 200: says that so many were rejected. */
  readonly rejected?: number;
};

export interface SinkSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly name: string;
  /** Attribute values by key: text, numbers (int64 as a string) or booleans. */
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly resource: Readonly<Record<string, unknown>>;
}

export interface OtlpSink extends AsyncDisposable {
  readonly port: number;
  readonly requests: readonly {
    readonly path: string;
    readonly headers: IncomingMessage["headers"];
    readonly at: number;
    /** As it was sent, inflated; empty until it was answered 200. */
    readonly body: Uint8Array;
  }[];
  /** Those of trace requests that were answered 200. */
  readonly spans: readonly SinkSpan[];
}

export interface OtlpSinkOptions {
  /** What to answer to request n, from 0. */
  readonly answer?: (n: number) => SinkAnswer;
  readonly port?: number;
  readonly tls?: { readonly cert: string; readonly key: string };
}

interface KeyValue {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}

/** The generated classes come without types of their nested names. */
interface Message {
  encode(message: unknown): { finish(): Uint8Array };
  decode(bytes: Uint8Array): unknown;
  // deno-lint-ignore no-explicit-any
  toObject(message: unknown, options: unknown): any;
}

const generated = root as unknown as {
  opentelemetry: { proto: { collector: Record<"trace" | "logs" | "metrics", { v1: Record<string, Message> }> } };
};
const { trace: { v1 }, logs, metrics } = generated.opentelemetry.proto.collector;
const ExportLogsServiceRequest = logs.v1.ExportLogsServiceRequest!;
const ExportMetricsServiceRequest = metrics.v1.ExportMetricsServiceRequest!;
const ExportTraceServiceRequest = v1.ExportTraceServiceRequest!;
const ExportTraceServiceResponse = v1.ExportTraceServiceResponse!;

export async function otlpSink({ answer = () => ({ status: 200 }), port = 0, tls }: OtlpSinkOptions = {}): Promise<
  OtlpSink
> {
  const requests: { path: string; headers: IncomingMessage["headers"]; at: number; body: Uint8Array }[] = [];
  const spans: SinkSpan[] = [];
  const onRequest: Parameters<typeof createServer>[1] = async (request, response) => {
    const asked = { path: request.url ?? "", headers: request.headers, at: Date.now(), body: new Uint8Array() };
    const what = answer(requests.push(asked) - 1);
    const parts: Uint8Array[] = [];
    for await (const part of request) parts.push(part);
    if (what === "hang") return;
    if (what === "cut") return void request.socket.destroy();
    const { status, headers = {}, rejected = 0 } = what;
    if (status === 200) {
      const body = Buffer.concat(parts);
      asked.body = request.headers["content-encoding"] === "gzip" ? gunzipSync(body) : body;
      if (!/\/v1\/(logs|metrics)$/.test(asked.path)) spans.push(...decode(asked.body));
    }
    const partial = rejected > 0 ? { partialSuccess: { rejectedSpans: rejected, errorMessage: "not these" } } : {};
    const bytes = status === 200 ? ExportTraceServiceResponse.encode(partial).finish() : new Uint8Array();
    response.writeHead(status, { "content-type": "application/x-protobuf", ...headers });
    response.end(bytes);
  };
  const server = tls === undefined ? createServer(onRequest) : createTlsServer(tls, onRequest);
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    requests,
    spans,
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

const AS_JSON = { longs: String, enums: Number, arrays: true };

interface Enveloped {
  readonly resourceLogs: readonly { scopeLogs: readonly { logRecords: readonly unknown[] }[] }[];
  readonly resourceMetrics: readonly { resource: object; scopeMetrics: readonly { metrics: readonly object[] }[] }[];
}

/** Log records of an export request, resource by resource. */
// deno-lint-ignore no-explicit-any
export function readLogs(body: Uint8Array): any[] {
  const { resourceLogs }: Enveloped = ExportLogsServiceRequest.toObject(ExportLogsServiceRequest.decode(body), AS_JSON);
  return resourceLogs.flatMap((one) => one.scopeLogs.flatMap((scope) => scope.logRecords));
}

/** Metrics of an export request, with the attributes of their resource. */
// deno-lint-ignore no-explicit-any
export function readMetrics(body: Uint8Array): any[] {
  const decoded = ExportMetricsServiceRequest.decode(body);
  const { resourceMetrics }: Enveloped = ExportMetricsServiceRequest.toObject(decoded, AS_JSON);
  return resourceMetrics.flatMap(({ resource, scopeMetrics }) =>
    scopeMetrics.flatMap((scope) => scope.metrics.map((metric) => ({ ...metric, resource })))
  );
}

function decode(body: Uint8Array): SinkSpan[] {
  const request = ExportTraceServiceRequest.toObject(ExportTraceServiceRequest.decode(body), {
    longs: String,
    bytes: Array,
    defaults: true,
  });
  const hex = (bytes: number[]) => bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const record = (list: readonly KeyValue[]) =>
    Object.fromEntries(list.map(({ key, value }) => [key, Object.values(value).find((one) => one !== null)]));
  const found: SinkSpan[] = [];
  for (const { resource, scopeSpans } of request.resourceSpans) {
    for (const { spans } of scopeSpans) {
      for (const { traceId, spanId, name, attributes } of spans) {
        found.push({
          traceId: hex(traceId),
          spanId: hex(spanId),
          name,
          attributes: record(attributes),
          resource: record(resource?.attributes ?? []),
        });
      }
    }
  }
  return found;
}
