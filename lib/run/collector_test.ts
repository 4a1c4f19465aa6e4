import { assert, assertEquals, assertRejects } from "@std/assert";
import { postTraces } from "../export/otlp_traces.ts";
import { IoError, UsageError } from "../model/errors.ts";
import { validate } from "../report/validate.ts";
import { COLLECTOR_OPTIONS } from "../testing/collector.ts";
import { fakeIo } from "../testing/fake_io.ts";
import { madeRun } from "../testing/telemetry.ts";
import { collector, type CollectorOptions } from "./collector.ts";
import { faultinject } from "./faultinject.ts";

const options: CollectorOptions = {
  ...COLLECTOR_OPTIONS,
  inputs: ["-"],
  out: "-",
  listen: undefined,
  listenGrpc: "off",
  metricsBind: undefined,
  windowMs: 2000,
};

async function rawSamples(): Promise<string> {
  const io = fakeIo();
  const rest = { seed: 1, out: "-", place: {}, real: false, forMs: undefined, targetCgroup: undefined };
  await faultinject({ scenario: "dns_latency", count: 20, ...rest }, io);
  return io.stdout;
}

async function collect(stdin: string, part: Partial<CollectorOptions> = {}) {
  const io = fakeIo({ stdin });
  const code = await collector({ ...options, ...part }, io);
  const events = io.stdout.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
  for (const event of events) assertEquals(validate("slo-event/v1", event), []);
  return { code, events, stderr: io.stderr };
}

Deno.test("collector: raw samples become SLO events, still marked", async () => {
  const { code, events } = await collect(await rawSamples());
  assertEquals([code, events.length], [0, 80]);
  assertEquals(new Set(events.map((event) => event.labels.synthetic)), new Set(["true"]));
  assert(!JSON.stringify(events).includes("dns_latency"), "ground truth does not travel on");
  // What it wrote it can read.
  const again = await collect(events.map((event) => JSON.stringify(event)).join("\n"));
  assertEquals(again.events, events);
  assertEquals((await collect(await rawSamples(), { count: 7 })).events.length, 7);
});

Deno.test("collector: spans joined with kernel events", async () => {
  const { spanLines, probeLines } = madeRun({ seconds: 2 });
  const alone = await collect(spanLines);
  const joined = await collect(spanLines + probeLines);
  interface Told {
    readonly sli_name: string;
    readonly sli_value: number;
    readonly labels: Record<string, string>;
  }
  const ttft = (events: readonly Told[]) => events.filter((e) => e.sli_name === "ttft_ms");
  assertEquals(ttft(alone.events).length, 10);
  const [kernel] = ttft(joined.events);
  assertEquals(kernel!.sli_value + 3, ttft(alone.events)[0]!.sli_value); // the application stamps 3 ms later
  assertEquals(kernel!.labels.ttft_source, "kernel");
  assertEquals(kernel!.labels["llm.ebpf.dns.latency_ms"], "2");
  assertEquals(kernel!.labels.correlation_tier, "pod_pid_100ms");
  const rate = joined.events.find((event) => event.sli_name === "token_throughput_tps")!;
  assert(Math.abs(rate.sli_value - 16 / 0.09) < 1, `${rate.sli_value}`);
  assert((await collect(probeLines)).stderr.includes("probe events alone measure no indicator"));
});

Deno.test("collector --listen: spans over OTLP, kernel events from a pipe", async () => {
  const { spans, probeLines } = madeRun({ seconds: 1 });
  const port = freePort();
  const io = fakeIo({ stdin: probeLines });
  const running = collector({ ...options, listen: `127.0.0.1:${port}` }, io);
  while (!io.stderr.includes("OTLP at")) await new Promise((resolve) => setTimeout(resolve, 10));
  await postTraces(`http://127.0.0.1:${port}/v1/traces`, spans);
  await postTraces(`http://127.0.0.1:${port}/v1/traces`, spans.slice(0, 3)); // a resend counts once
  io.abort();
  assertEquals(await running, 0);
  const events = io.stdout.trim().split("\n").map((line) => JSON.parse(line));
  assertEquals(
    events.filter((event) => event.sli_name === "ttft_ms" && event.labels?.ttft_source === "kernel").length,
    5,
  );
  assert(io.stderr.includes("3 duplicates"), io.stderr);
  Deno.listen({ port, hostname: "127.0.0.1" }).close(); // the port is free again
});

Deno.test("collector: bad input", async () => {
  const good = await rawSamples();
  const rows: [string, Partial<CollectorOptions>, typeof IoError | typeof UsageError, string][] = [
    ["", {}, IoError, "it is empty"],
    ["\x00\x02\n\x01", {}, IoError, "not JSON"],
    [good.slice(0, -30), {}, IoError, "its last line is cut short"],
    ['{"schema":"slo_event/v3","sli_name":"x"}\n', {}, IoError, "which this version does not know"],
    [good, { inputs: [] }, UsageError, "neither an input nor an address"],
    [good, { inputs: ["/"] }, IoError, "it is a directory"],
    [good, { out: "/dev/full" }, IoError, "the disk is full"],
    [good, { listen: "nonsense" }, UsageError, "it is not HOST:PORT"],
    [good, { count: -1 }, UsageError, "it is negative"],
  ];
  for (const [stdin, part, kind, message] of rows) await assertRejects(() => collect(stdin, part), kind, message);
  const { events, stderr } = await collect(`${good}{"ttft_ms":"soon"}\n`);
  assertEquals(events.length, 80);
  assert(stderr.includes("1 line refused"));
});

function freePort(): number {
  using listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  return listener.addr.port;
}
