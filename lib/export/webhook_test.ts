/** Against real HTTP servers; signatures are checked by openssl where it is there. */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { IoError, UsageError } from "../model/errors.ts";
import type { IncidentAttribution } from "../model/incident_attribution.ts";
import { validate } from "../report/validate.ts";
import { missingTool, testUnless } from "../testing/unless.ts";
import { until } from "../testing/until.ts";
import { type WebhookAnswer, webhookSink } from "../testing/webhook_sink.ts";
import { Outbox, readLetters } from "./outbox.ts";
import { webhookMessage } from "./webhook_format.ts";
import { openWebhook, type WebhookOptions } from "./webhook_sender.ts";

function incident(id: string, part: Partial<IncidentAttribution> = {}): IncidentAttribution {
  return {
    incident_id: id,
    timestamp: "2026-01-01T00:00:00.000Z",
    cluster: "c1",
    service: "chat",
    predicted_fault_domain: "network_dns",
    confidence: 0.82,
    evidence: [{ signal: "dns_latency_ms", value: 122.03, source: "ebpf" }],
    slo_impact: { sli: "ttft_ms", burn_rate: 20, window_minutes: 5 },
    trace_ids: ["0af7651916cd43dd8448eb211c80319c"],
    ...part,
  };
}

const FAST = { firstMs: 20, mostMs: 100 };

function open(port: number, part: Partial<WebhookOptions> = {}) {
  return openWebhook({
    url: `http://127.0.0.1:${port}/hook`,
    secret: "hush",
    format: "generic",
    timeoutMs: 2_000,
    backOff: FAST,
    ...part,
  });
}

const hasTool = await missingTool("openssl", "apt-get install openssl");

testUnless(hasTool, "generic: the document, signed; openssl computes the same over the bytes that came", async () => {
  await using sink = await webhookSink();
  await using webhook = await open(sink.port);
  webhook.offer(incident("inc-1", { service: "chät" }));
  await webhook.drain(5_000);
  const [call] = sink.calls;
  assertEquals(validate("incident-attribution/v1", call!.json), []);
  assertEquals([call!.path, call!.json.incident_id, call!.headers["content-type"]], [
    "/hook",
    "inc-1",
    "application/json",
  ]);
  assertEquals(call!.headers["idempotency-key"], "inc-1");
  const file = await Deno.makeTempFile();
  await Deno.writeFile(file, call!.bytes);
  const args = ["dgst", "-sha256", "-hmac", "hush", "-r", file];
  const { stdout } = await new Deno.Command("openssl", { args }).output();
  assertEquals(call!.headers["x-webhook-signature"], `sha256=${new TextDecoder().decode(stdout).split(" ")[0]}`);
  await Deno.remove(file);
});

Deno.test("generic without a secret is not signed; the other two want their key", async () => {
  assertEquals(webhookMessage(incident("a"), "generic", "").headers["x-webhook-signature"], undefined);
  for (const format of ["pagerduty", "opsgenie"] as const) {
    await assertRejects(() => open(1, { format, secret: "" }), UsageError, format);
  }
});

Deno.test("PagerDuty Events v2: trigger, routing key, dedup key, severity; nothing else carries the key", async () => {
  await using sink = await webhookSink();
  await using webhook = await open(sink.port, { format: "pagerduty" });
  webhook.offer(incident("inc-1"));
  await webhook.drain(5_000);
  const { routing_key, event_action, dedup_key, payload } = sink.calls[0]!.json;
  assertEquals([routing_key, event_action, dedup_key], ["hush", "trigger", "inc-1"]);
  assertEquals([payload.source, payload.severity, payload.timestamp, payload.class], [
    "chat",
    "critical",
    "2026-01-01T00:00:00.000Z",
    "network_dns",
  ]);
  assertStringIncludes(payload.summary, "chat: ttft_ms out of its baseline, burn rate 20.0 over 5 min; network_dns");
  assertEquals(payload.custom_details.evidence, "dns_latency_ms 122 (ebpf)");
  assertEquals(sink.calls[0]!.headers["x-webhook-signature"], undefined);
});

Deno.test("Opsgenie: alias, priority, texts within its bounds, the key in the header alone", async () => {
  await using sink = await webhookSink();
  await using webhook = await open(sink.port, { format: "opsgenie" });
  webhook.offer(incident("inc-1", { service: "x".repeat(5_000) }));
  await webhook.drain(5_000);
  const { headers, json } = sink.calls[0]!;
  assertEquals([headers.authorization, json.alias, json.priority], ["GenieKey hush", "inc-1", "P1"]);
  assertEquals([json.message.length, json.entity.length], [130, 512]);
  for (const value of Object.values(json.details)) assertEquals(typeof value, "string");
  assert(!JSON.stringify(json).includes("hush"));
});

const over = { state: "closed", closed_at: "2026-01-01T00:05:00.000Z", closed_because: "recovered" } as const;

Deno.test("the end of an incident is told once, after its beginning, in every format's own way", async () => {
  const told: Record<string, (call: { path: string; json: { [key: string]: unknown } }) => unknown[]> = {
    generic: ({ path, json }) => [path, json.incident_id, json.state, json.closed_because],
    pagerduty: ({ path, json }) => [path, json.dedup_key, json.event_action, json.payload],
    opsgenie: ({ path, json }) => [path, json.alias, json.source, json.note],
  };
  const expected: Record<string, unknown[]> = {
    generic: ["/hook", "inc-1", "closed", "recovered"],
    pagerduty: ["/hook", "inc-1", "resolve", undefined],
    opsgenie: ["/hook/inc-1/close?identifierType=alias", undefined, "sloctl", `over since ${over.closed_at}`],
  };
  for (const format of ["generic", "pagerduty", "opsgenie"] as const) {
    // The beginning is refused for a while: the end waits for it.
    await using sink = await webhookSink((n) => n < 2 ? 503 : 202);
    await using webhook = await open(sink.port, { format });
    webhook.offer(incident("inc-1", { state: "open" }));
    webhook.offer(incident("inc-1", over));
    webhook.offer(incident("inc-1", over));
    await webhook.drain(10_000);
    assertEquals([sink.calls.length, webhook.state.sent, webhook.state.repeated], [4, 2, 1], format);
    assertEquals(told[format]!(sink.calls[3]!), expected[format]!);
  }
});

Deno.test("no traffic is not health: only the generic receiver hears of such an end", async () => {
  for (const [format, calls] of [["generic", 2], ["pagerduty", 1], ["opsgenie", 1]] as const) {
    await using sink = await webhookSink();
    await using webhook = await open(sink.port, { format });
    webhook.offer(incident("inc-1", { state: "open" }));
    webhook.offer(incident("inc-1", { ...over, closed_because: "no_traffic" }));
    await webhook.drain(5_000);
    assertEquals([sink.calls.length, webhook.state.offered], [calls, calls], format);
  }
});

Deno.test("an incident whose beginning nobody took: its end is a dead letter with it; over restarts, and sent again, in order", async () => {
  const directory = await Deno.makeTempDir();
  {
    await using sink = await webhookSink(() => 404);
    await using webhook = await open(sink.port, { directory });
    webhook.offer(incident("inc-1", { state: "open" }));
    await webhook.drain(5_000);
    webhook.offer(incident("inc-1", over));
    assertEquals(webhook.state.dead.map(({ key }) => key), ["inc-1", "inc-1.closed"]);
    assertEquals(sink.calls.length, 1);
  }
  const outbox = await Outbox.open(directory);
  for (const key of ["inc-1.closed", "inc-1"]) assert(outbox.revive(key));
  await outbox.settle();
  await outbox.close();
  await using sink = await webhookSink();
  await using webhook = await open(sink.port, { directory });
  await webhook.drain(5_000);
  assertEquals(sink.calls.map(({ json }) => json.state), ["open", "closed"]);
  await webhook.close();
  await Deno.remove(directory, { recursive: true });
});

Deno.test("hostile names: no control characters for people, no broken header, no file outside the folder", async () => {
  const id = "../../etc/x\r\nX-Evil: 1";
  await using sink = await webhookSink();
  const directory = await Deno.makeTempDir();
  await using webhook = await open(sink.port, { directory });
  webhook.offer(incident(id, { service: "a\u001b[31m\u202eb" }));
  await webhook.drain(5_000);
  assertEquals(sink.calls[0]!.headers["x-evil"], undefined);
  assert(/^sha256-[0-9a-f]{64}$/.test(String(sink.calls[0]!.headers["idempotency-key"])));
  assertEquals(sink.calls[0]!.json.incident_id, id);
  const told = new TextDecoder().decode(
    webhookMessage(incident(id, { service: "a\u001b[31m\u202eb" }), "pagerduty", "k").body,
  );
  assertStringIncludes(told, "a [31m b:");
  await webhook.close(); // it may still be putting the letter away
  await Deno.remove(directory, { recursive: true });
});

Deno.test("5xx, 429, a cut connection and silence: tried again, each incident once taken", async () => {
  for (const bad of [500, 503, 429, "cut", "hang"] as WebhookAnswer[]) {
    await using sink = await webhookSink((n) => n < 2 ? bad : 200);
    await using webhook = await open(sink.port, { timeoutMs: 150 });
    webhook.offer(incident("inc-1"));
    await webhook.drain(10_000);
    assertEquals([sink.calls.length, webhook.state.sent, webhook.state.tries], [3, 1, 3], String(bad));
  }
});

Deno.test("Retry-After is obeyed", async () => {
  await using sink = await webhookSink((n) => n === 0 ? { status: 429, retryAfter: "1" } : 200);
  await using webhook = await open(sink.port);
  webhook.offer(incident("inc-1"));
  await webhook.drain(10_000);
  assert(sink.calls[1]!.at - sink.calls[0]!.at >= 950);
});

Deno.test("any other answer is final: one try, a dead letter; the next incident is sent all the same", async () => {
  for (const status of [400, 401, 403, 404, 410, 422, 301]) {
    await using sink = await webhookSink((n) => n === 0 ? status : 200);
    const words: string[] = [];
    await using webhook = await open(sink.port, { onTrouble: (text) => void words.push(text) });
    webhook.offer(incident("inc-1"));
    webhook.offer(incident("inc-2"));
    await webhook.drain(10_000);
    const { sent, dead } = webhook.state;
    assertEquals([sink.calls.length, sent, dead.length, dead[0]!.key], [2, 1, 1, "inc-1"], String(status));
    assertStringIncludes(words[0]!, `it answered ${status}; inc-1 is a dead letter after 1 try`);
  }
});

Deno.test("after the time it is given an incident is a dead letter", async () => {
  await using sink = await webhookSink(() => 503);
  await using webhook = await open(sink.port, { giveUpMs: 100 });
  webhook.offer(incident("inc-1"));
  await webhook.drain(10_000);
  assertEquals([webhook.state.dead.length, webhook.state.waiting], [1, 0]);
  assertEquals(webhook.state.dead[0]!.state, "it answered 503");
});

Deno.test("once per incident: within a run, over restarts, and when one was given up", async () => {
  const directory = await Deno.makeTempDir();
  await using sink = await webhookSink((n) => n === 1 ? 400 : 200);
  for (let run = 0; run < 3; run++) {
    await using webhook = await open(sink.port, { directory });
    for (const id of ["inc-1", "inc-2", "inc-1"]) {
      webhook.offer(incident(id));
      await webhook.drain(5_000);
    }
    assertEquals(webhook.state.repeated, run === 0 ? 1 : 3);
    assertEquals(webhook.state.dead.map(({ key }) => key), ["inc-2"]);
  }
  assertEquals(sink.calls.map(({ json }) => json.incident_id), ["inc-1", "inc-2"]);
  await Deno.remove(directory, { recursive: true });
});

Deno.test("what waits survives a restart; files are for their owner and hold no secret; torn files harm nobody", async () => {
  const directory = await Deno.makeTempDir();
  {
    await using down = await open(free(), { directory });
    down.offer(incident("inc-1"));
    down.offer(incident("inc-2"));
    await until(() => down.state.tries >= 2, "tries");
  }
  assertEquals((await readLetters(`${directory}/waiting`)).map(({ key }) => key), ["inc-1", "inc-2"]);
  const path = `${directory}/waiting/inc-1.json`;
  assertEquals((await Deno.stat(path)).mode! & 0o77, 0);
  assert(!(await Deno.readTextFile(path)).includes("hush"));
  await Deno.writeTextFile(`${directory}/waiting/inc-3.json`, '{"key":"inc-3","inci');
  await Deno.writeTextFile(`${directory}/sent.txt`, "inc-2\ninc");
  await using sink = await webhookSink();
  await using webhook = await open(sink.port, { directory });
  await assertRejects(() => open(sink.port, { directory }), IoError, "another process sends from it");
  await webhook.drain(5_000);
  assertEquals(sink.calls.map(({ json }) => json.incident_id), ["inc-1"]);
  await webhook.close();
  assertEquals(await Deno.readTextFile(`${directory}/sent.txt`), "inc-2\ninc-1\n");
  await Deno.remove(directory, { recursive: true });
});

Deno.test("the address in words has neither path nor query: they may be the secret", async () => {
  const words: string[] = [];
  await using webhook = await openWebhook({
    url: `http://127.0.0.1:${free()}/services/hush?t=hush`,
    secret: "hush",
    format: "generic",
    timeoutMs: 500,
    backOff: FAST,
    onTrouble: (text) => void words.push(text),
  });
  webhook.offer(incident("inc-1"));
  await until(() => words.length > 0, "words");
  assert(!JSON.stringify([words, webhook.state]).includes("hush"));
});

/** A port nobody listens on. */
function free(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return (listener.addr as Deno.NetAddr).port;
}
