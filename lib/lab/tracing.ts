/** OpenTelemetry in the lab's services: one tracer per process, W3C context in and out, OTLP/HTTP (protobuf) out. */
import {
  type Attributes,
  type HrTime,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchSpanProcessor, type IdGenerator, RandomIdGenerator, TracerProvider } from "@opentelemetry/sdk-trace";

/** How long an ended span may wait for its batch, in ms. */
const BATCH_DELAY_MS = 200;

/** Random ids, but the next trace may be told its own. */
class TraceIds implements IdGenerator {
  readonly #random = new RandomIdGenerator();
  next: string | undefined;

  generateTraceId(): string {
    return this.next ?? this.#random.generateTraceId();
  }

  generateSpanId(): string {
    return this.#random.generateSpanId();
  }
}

export class Tracing {
  readonly #provider: TracerProvider;
  readonly #ids = new TraceIds();

  /** @param url full URL of an OTLP/HTTP traces endpoint; undefined: nothing is exported, ids are still made and propagated. */
  constructor(serviceName: string, url: string | undefined) {
    const resource = resourceFromAttributes({
      "service.name": serviceName,
      "process.pid": Deno.pid,
      "host.name": Deno.hostname(),
    });
    const spanProcessors = url === undefined ? [] : [
      new BatchSpanProcessor({ exporter: new OTLPTraceExporter({ url }), scheduledDelayMillis: BATCH_DELAY_MS }),
    ];
    this.#provider = new TracerProvider({ resource, spanProcessors, idGenerator: this.#ids });
  }

  /**
   * A SERVER span. `traceparent` is the caller's header, ignored when malformed; without it the span begins a trace, `traceId` if
   * given (32 lower-case hex digits).
   */
  server(
    name: string,
    traceparent: string | undefined,
    attributes: Attributes,
    startTime: HrTime,
    traceId?: string,
  ): Span {
    const remote = parseTraceparent(traceparent);
    const context = remote === null ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, { ...remote, isRemote: true });
    this.#ids.next = traceId;
    const span = this.#tracer().startSpan(name, { kind: SpanKind.SERVER, attributes, startTime }, context);
    this.#ids.next = undefined;
    return span;
  }

  /** A CLIENT span under `parent`. */
  client(name: string, parent: Span, attributes: Attributes): Span {
    const context = trace.setSpan(ROOT_CONTEXT, parent);
    return this.#tracer().startSpan(name, { kind: SpanKind.CLIENT, attributes, startTime: wallTime() }, context);
  }

  /** Sends what is waiting, then stops. Bounded: an endpoint that is gone must not keep a service alive. */
  async shutdown(): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const limit = new Promise<void>((done) => timer = setTimeout(done, 1000));
    await Promise.race([this.#provider.shutdown().catch(() => {}), limit]);
    clearTimeout(timer);
  }

  #tracer() {
    return this.#provider.getTracer("sloctl-lab");
  }
}

/** Now, to the microsecond: the SDK's own stamps start at a whole millisecond. */
export function wallTime(): HrTime {
  const ms = performance.timeOrigin + performance.now();
  const seconds = Math.floor(ms / 1000);
  return [seconds, Math.floor((ms - seconds * 1000) * 1e6)];
}

/** Ends a span; with an error type it is marked as failed. */
export function endSpan(span: Span, errorType?: string): void {
  if (errorType !== undefined) {
    span.setAttribute("error.type", errorType);
    span.setStatus({ code: SpanStatusCode.ERROR });
  }
  span.end(wallTime());
}

/** The W3C header that makes the receiver a child of `span`. */
export function traceparentOf(span: Span): string {
  const { traceId, spanId, traceFlags } = span.spanContext();
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, "0")}`;
}

export function parseTraceparent(
  header: string | undefined,
): { traceId: string; spanId: string; traceFlags: number } | null {
  const match = /^(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})/.exec(header ?? "");
  const [, traceId, spanId, flags] = match ?? [];
  if (!traceId || !spanId || !flags || /^0+$/.test(traceId) || /^0+$/.test(spanId)) return null;
  return { traceId, spanId, traceFlags: parseInt(flags, 16) & 1 };
}
