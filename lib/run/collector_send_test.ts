/** A collector with real receivers behind it. */
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { postTraces } from "../export/otlp_traces.ts";
import { IoError, UsageError } from "../model/errors.ts";
import { COLLECTOR_OPTIONS } from "../testing/collector.ts";
import { fakeIo } from "../testing/fake_io.ts";
import { otlpSink } from "../testing/otlp_sink.ts";
import { madeRun } from "../testing/telemetry.ts";
import { until } from "../testing/until.ts";
import { collector, type CollectorOptions } from "./collector.ts";
import { SEND_NOTHING, type SendOptions } from "./send_options.ts";

const options: CollectorOptions = {
  ...COLLECTOR_OPTIONS,
  inputs: ["-"],
  out: "/dev/null",
  listen: undefined,
  listenGrpc: "off",
  metricsBind: undefined,
  windowMs: 2000,
};

function to(port: number, spool?: string): SendOptions {
  return { ...SEND_NOTHING, otlp: { endpoint: `http://127.0.0.1:${port}`, timeoutMs: 2_000 }, spool, spoolBytes: 1e7 };
}

Deno.test("collector: every span goes on, those of requests with what the kernel saw", async () => {
  const { spans, spanLines, probeLines } = madeRun({ seconds: 2 });
  await using sink = await otlpSink();
  const io = fakeIo({ stdin: spanLines + probeLines });
  assertEquals(await collector({ ...options, send: to(sink.port) }, io), 0);
  assertEquals(sink.spans.length, spans.length);
  assertEquals(new Set(sink.spans.map(({ spanId }) => spanId)), new Set(spans.map(({ spanId }) => spanId)));
  // Of spans inside each other the innermost has it: the call, not the request around it.
  const { traceId } = spans[0]!;
  const told = sink.spans.filter((span) => span.traceId === traceId && "llm.ebpf.dns.latency_ms" in span.attributes);
  assertEquals(told.map(({ attributes }) => attributes["llm.ebpf.dns.latency_ms"]), [2]);
  assertEquals(told[0]!.resource["service.name"], "gw");
  assertStringIncludes(io.stderr, `sloctl: ${spans.length} spans -> http://127.0.0.1:${sink.port}`);
});

Deno.test("collector: a run that ends waits for a receiver that is busy, and fails when nothing was taken", async () => {
  const { spans, spanLines } = madeRun({ seconds: 1 });
  await using busy = await otlpSink({ answer: (n) => ({ status: n === 0 ? 503 : 200 }) });
  assertEquals(await collector({ ...options, send: to(busy.port) }, fakeIo({ stdin: spanLines })), 0);
  assertEquals(busy.spans.length, spans.length);
  await using no = await otlpSink({ answer: () => ({ status: 400 }) });
  await assertRejects(
    () => collector({ ...options, send: to(no.port) }, fakeIo({ stdin: spanLines })),
    IoError,
    `Cannot send "${spans.length} spans"`,
  );
});

Deno.test("collector: Ctrl-C ends the wait for a receiver; what is left is said to be lost", async () => {
  const { spanLines } = madeRun({ seconds: 1 });
  const io = fakeIo({ stdin: spanLines });
  const running = collector({ ...options, send: to(free()) }, io);
  await until(() => io.stderr.includes("they wait, and are tried again"), "the first failure");
  io.abort();
  await assertRejects(() => running, IoError);
  assertStringIncludes(io.stderr, "lost 10 shutdown");
});

Deno.test("collector: receives while the other side is down; stopped, started again, nothing is missing", async () => {
  const { spans } = madeRun({ seconds: 2 });
  const spool = await Deno.makeTempDir();
  const [port, otherPort] = [free(), free()];
  const run = async (work: () => Promise<void>) => {
    const io = fakeIo();
    const send = to(otherPort, spool);
    const running = collector({ ...options, inputs: [], listen: `127.0.0.1:${port}`, send }, io);
    await until(() => io.stderr.includes("OTLP at http"), "the receiver");
    await work();
    io.abort();
    assertEquals(await running, 0);
    return io.stderr;
  };
  const url = `http://127.0.0.1:${port}/v1/traces`;
  const metrics = async () => await (await fetch(url.replace("/v1/traces", "/metrics"))).text();
  const down = await run(async () => {
    await postTraces(url, spans.slice(0, 10));
    const waiting = 'export_queue_spans{where="spool"} 10\n';
    for (let i = 0; i < 100 && !(await metrics()).includes(waiting); i++) await new Promise((d) => setTimeout(d, 50));
    assertStringIncludes(await metrics(), waiting);
  });
  assertStringIncludes(down, "it cannot be reached; they wait, and are tried again");
  assertStringIncludes(down, `0 spans -> http://127.0.0.1:${otherPort}; 10 wait in ${spool} for the next start`);
  await using sink = await otlpSink({ port: otherPort });
  await run(async () => {
    await postTraces(url, spans.slice(10));
    await until(() => sink.spans.length >= 10, "the spans of the first run");
    assertStringIncludes(await metrics(), 'llm_slo_collector_export_spans_total{outcome="sent"} 1');
  });
  assertEquals(sink.spans.map(({ spanId }) => spanId).sort(), spans.map(({ spanId }) => spanId).sort());
  await Deno.remove(spool, { recursive: true });
});

Deno.test("collector: does not send to itself", async () => {
  const port = free();
  const send = to(port);
  const running = collector({ ...options, inputs: [], listen: `127.0.0.1:${port}`, send }, fakeIo());
  await assertRejects(() => running, UsageError, "that is this collector itself");
});

/** A port nobody listens on. */
function free(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return (listener.addr as Deno.NetAddr).port;
}
