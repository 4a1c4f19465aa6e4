/** With real receivers behind it. */
import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { IoError, UsageError } from "../model/errors.ts";
import { fakeIo } from "../testing/fake_io.ts";
import { otlpSink } from "../testing/otlp_sink.ts";
import { madeRun } from "../testing/telemetry.ts";
import { until } from "../testing/until.ts";
import { webhookSink } from "../testing/webhook_sink.ts";
import { attributor, type AttributorOptions } from "./attributor.ts";
import { NOBODY_NAMED } from "../correlate/peers.ts";
import { SEND_NOTHING, type SendOptions, sendOptions } from "./send_options.ts";
import { openSending, refuseLoop } from "./sending.ts";
import { loadConfig } from "../config/mod.ts";

function to(port: number, spool?: string): SendOptions {
  return { ...SEND_NOTHING, otlp: { endpoint: `http://127.0.0.1:${port}`, timeoutMs: 2_000 }, spool, spoolBytes: 1e7 };
}

Deno.test("spans wait on disk while the other side is down; the next start sends them", async () => {
  const { spans } = madeRun({ seconds: 2 });
  const spool = await Deno.makeTempDir();
  const port = free();
  const down = fakeIo();
  const first = await openSending(to(port, spool), down);
  first.spans(spans);
  await until(() => first.warnings().length > 0, "a warning");
  assertStringIncludes(first.warnings()[0]!, `http://127.0.0.1:${port} takes no spans: it cannot be reached; `);
  assertEquals(await first.close(100), { spans: 0, incidents: 0 });
  assertStringIncludes(down.stderr, `${spans.length} wait in ${spool} for the next start`);
  await using sink = await otlpSink({ port });
  const io = fakeIo();
  const second = await openSending(to(port, spool), io);
  await second.close(10_000);
  assertEquals(sink.spans.map(({ spanId }) => spanId).sort(), spans.map(({ spanId }) => spanId).sort());
  assertStringIncludes(io.stderr, `sloctl: ${spans.length} spans -> http://127.0.0.1:${port}`);
  await Deno.remove(spool, { recursive: true });
});

Deno.test("a receiver that is asked to receive from itself is refused", () => {
  const own = { hostname: "127.0.0.1", port: 4318 };
  for (const host of ["localhost", "127.0.0.1"]) {
    const otlp = { endpoint: `http://${host}:4318` };
    assertThrows(() => refuseLoop({ ...SEND_NOTHING, otlp }, own), UsageError, "that is this collector itself");
  }
  refuseLoop({ ...SEND_NOTHING, otlp: { endpoint: "http://127.0.0.1:4319" } }, own);
  refuseLoop(SEND_NOTHING, own);
});

const attributing: AttributorOptions = {
  inputs: ["-"],
  mode: "model",
  out: "/dev/null",
  predictionsOut: undefined,
  summaryOut: undefined,
  confusionOut: undefined,
  baselineMs: 20_000,
  objectiveMs: 150,
  peers: NOBODY_NAMED,
  send: SEND_NOTHING,
};

Deno.test("attributor: the incident goes to the webhook, once however often it is found", async () => {
  const { spanLines, probeLines } = madeRun();
  const spool = await Deno.makeTempDir();
  await using sink = await webhookSink();
  const url = `http://127.0.0.1:${sink.port}/`;
  const webhook = { url, secret: "hush", format: "generic", timeoutMs: 2_000 } as const;
  for (let i = 0; i < 2; i++) {
    const io = fakeIo({ stdin: spanLines + probeLines });
    await attributor({ ...attributing, send: { ...SEND_NOTHING, webhook, spool } }, io);
    assertStringIncludes(io.stderr, i === 0 ? "1 incident message -> " : "1 known already");
  }
  assertEquals(sink.calls.length, 1);
  assertEquals(sink.calls[0]!.json.predicted_fault_domain, "network_dns");
  assert(sink.calls[0]!.headers["x-webhook-signature"]!.toString().startsWith("sha256="));
  await using refusing = await webhookSink(() => 404);
  const there = { ...webhook, url: `http://127.0.0.1:${refusing.port}/` };
  await assertRejects(
    () =>
      attributor(
        { ...attributing, send: { ...SEND_NOTHING, webhook: there } },
        fakeIo({ stdin: spanLines + probeLines }),
      ),
    IoError,
    'Cannot send "1 incident message"',
  );
  await Deno.remove(spool, { recursive: true });
});

Deno.test("warnings say who does not take what, and what is lost", async () => {
  await using sink = await otlpSink({ answer: () => ({ status: 404 }) });
  await using hook = await webhookSink(() => 410);
  const webhook = { url: `http://127.0.0.1:${hook.port}/`, secret: "", format: "generic", timeoutMs: 2_000 } as const;
  await using sending = await openSending({ ...to(sink.port), webhook }, fakeIo());
  assertEquals(sending.warnings(), []);
  sending.spans(madeRun({ seconds: 1 }).spans);
  sending.incident({
    incident_id: "inc-1",
    timestamp: "2026-01-01T00:00:00Z",
    cluster: "",
    service: "chat",
    predicted_fault_domain: "unknown",
    confidence: 0,
    evidence: [],
    slo_impact: { sli: "ttft_ms", burn_rate: 1, window_minutes: 1 },
  });
  await until(() => sending.warnings().length === 2, "both warnings");
  assertStringIncludes(sending.warnings()[0]!, "will never see: lost");
  assertStringIncludes(
    sending.warnings()[1]!,
    "1 incident message could not be delivered, the last: inc-1 (it answered 410)",
  );
});

Deno.test("configuration: headers are read, secrets stay out of messages, a typed address enables", async () => {
  const config = async (env: Record<string, string>) =>
    (await loadConfig({
      path: undefined,
      stdin: new ReadableStream(),
      env: (name) => env[name],
      flag: () => undefined,
    }))
      .config;
  const env = { SLOCTL_OTLP_ENDPOINT: "http://h:1", SLOCTL_OTLP_HEADERS: "Authorization=Bearer%20x, X-Scope=a=b" };
  assertEquals(sendOptions(await config(env)).otlp?.headers, { authorization: "Bearer x", "x-scope": "a=b" });
  const bad = { ...env, SLOCTL_OTLP_HEADERS: "hush hush" };
  const error = await config(bad).then((found) => sendOptions(found)).then(() => null, (error) => error);
  assert(error instanceof UsageError && !error.message.includes("hush"));
  const hook = { SLOCTL_WEBHOOK_URL: "http://h:1/" };
  assertEquals(sendOptions(await config(hook)).webhook, undefined);
  assertEquals(sendOptions(await config(hook), true).webhook?.url, "http://h:1/");
});

/** A port nobody listens on. */
function free(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return (listener.addr as Deno.NetAddr).port;
}
