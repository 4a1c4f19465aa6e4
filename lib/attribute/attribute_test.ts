import { assert, assertAlmostEquals, assertEquals, assertMatch } from "@std/assert";
import { type Label, LABELS, type RequestSplit } from "../model/split.ts";
import { random } from "../stats/random.ts";
import { attribute } from "./attribute.ts";

const CALM_PROVIDER: RequestSplit["provider"] = { statuses: [200], chunksPerSecond: 100 };

/** Requests with these mean milliseconds per label and a seeded noise of 2 ms on `app`. */
function requests(
  n: number,
  ms: Partial<Record<Label, number | null>>,
  confidence = 1,
  provider = CALM_PROVIDER,
): RequestSplit[] {
  const stream = random("attribute");
  return Array.from({ length: n }, (_, i) => {
    const split = Object.fromEntries(LABELS.map((label) => [label, ms[label] === undefined ? 0 : ms[label]])) as Record<
      Label,
      number | null
    >;
    if (split.app !== null) split.app += 2 * stream.float();
    const ttftMs = LABELS.reduce((sum, label) => sum + (split[label] ?? 0), 0);
    return {
      traceId: `${i}`,
      requestId: `${i}`,
      startNs: i,
      firstByteNs: i + ttftMs * 1e6,
      ttftMs,
      split,
      cold: true,
      tier: "trace_id_exact",
      confidence,
      provider,
      path: [],
    };
  });
}

const calm = { dns: 1, connect: 0.2, provider: 55, retrieval: 8, app: 14, tls: null, rtx_stall: null };

Deno.test("attribute", () => {
  const rows: [string, Partial<Record<Label, number | null>>, string, string | null][] = [
    ["slow look-ups", { ...calm, dns: 120 }, "network_dns", null],
    ["a quota", { ...calm, throttled: 90, runq: 3 }, "cpu_throttle", "quota"],
    ["a neighbour", { ...calm, throttled: 1, runq: 50 }, "cpu_throttle", "neighbour"],
    ["slow retrieval", { ...calm, retrieval: 80 }, "retrieval_backend", null],
    ["slow connects", { ...calm, connect: 1000 }, "network_egress", null],
    ["its own sleep is no domain of ours", { ...calm, app: 54 }, "unknown", "app"],
    ["a late first token alone proves nothing", { ...calm, provider: 400 }, "unknown", "provider_slow"],
    ["time without a record", { ...calm, unexplained: 90 }, "unknown", "unexplained"],
    ["two faults: the larger share is the answer", { ...calm, dns: 60, throttled: 100 }, "cpu_throttle", "quota"],
    ["three causes alike: none stands out", { ...calm, dns: 31, retrieval: 38, throttled: 30 }, "unknown", "dns"],
    ["mostly unexplained", { ...calm, dns: 40, unexplained: 90 }, "unknown", "unexplained"],
  ];
  for (const [name, incident, domain, cause] of rows) {
    const result = attribute(requests(40, incident), requests(60, calm), "seed");
    assertEquals([result.domain, result.subCause], [domain, cause], name);
    assert(result.confidence > 0 && result.confidence <= 1, `${name}: confidence ${result.confidence}`);
    assertEquals(result.unknownReason !== undefined, domain === "unknown", name);
  }
});

Deno.test("attribute: what the provider did decides what its milliseconds mean", () => {
  const rows: [string, RequestSplit["provider"], string, string | null][] = [
    ["refused, and tried again", { statuses: [429, 200], chunksPerSecond: 100 }, "provider_throttle", "rate_limit"],
    ["overloaded", { statuses: [529, 200], chunksPerSecond: 100 }, "provider_throttle", "overloaded"],
    ["failed, and tried again", { statuses: [500, 200], chunksPerSecond: 100 }, "provider_error", "server_error"],
    ["slower tokens as well", { statuses: [200], chunksPerSecond: 30 }, "provider_throttle", "slow"],
    ["late at an unchanged rate", { statuses: [200], chunksPerSecond: 98 }, "unknown", "provider_slow"],
    ["no rate to be had", { statuses: [200], chunksPerSecond: null }, "unknown", "provider_slow"],
  ];
  for (const [name, provider, domain, cause] of rows) {
    const result = attribute(requests(40, { ...calm, provider: 900 }, 1, provider), requests(60, calm), "seed");
    assertEquals([result.domain, result.subCause], [domain, cause], name);
  }
});

Deno.test("attribute: without statuses, asking the provider again is a hint and decides nothing", () => {
  const answered = { statuses: [], chunksPerSecond: 100, askedAgain: 0 };
  const before = requests(60, calm, 0.9, answered);
  const again = (every: number) =>
    requests(40, { ...calm, app: 400 }, 0.9, answered).map((request, i) => ({
      ...request,
      provider: { ...answered, askedAgain: i % every === 0 ? 1 : 0 },
    }));
  const often = attribute(again(4), before, "seed");
  assertEquals([often.domain, often.subCause], ["unknown", "app"]);
  assertMatch(often.unknownReason!, /in 25 % of requests the provider was asked again .* at baseline in 0 %/);
  assert(!attribute(again(40), before, "seed").unknownReason!.includes("asked again"), "one in forty is chance");
});

Deno.test("attribute: on a lossy path a falling token rate proves nothing", () => {
  const slower = { statuses: [200], chunksPerSecond: 30 };
  const lossy = attribute(requests(40, { ...calm, provider: 300, connect: 80 }, 1, slower), requests(60, calm), "seed");
  assertEquals([lossy.domain, lossy.subCause], ["unknown", "provider_slow"]);
  const clean = attribute(requests(40, { ...calm, provider: 300, connect: 2 }, 1, slower), requests(60, calm), "seed");
  assertEquals([clean.domain, clean.subCause], ["provider_throttle", "slow"]);
});

Deno.test("attribute: less coverage and weaker joins lower the confidence", () => {
  const strong = attribute(requests(40, { ...calm, dns: 120 }), requests(60, calm), "seed");
  const weak = attribute(requests(40, { ...calm, dns: 120 }, 0.45), requests(60, calm, 0.45), "seed");
  const blind = attribute(
    requests(40, { ...calm, dns: 120, runq: null }),
    requests(60, { ...calm, runq: null }),
    "seed",
  );
  assertAlmostEquals(weak.confidence, strong.confidence * 0.45, 1e-9);
  assert(blind.coverage < strong.coverage && blind.confidence < strong.confidence);
});

Deno.test("attribute: the same seed gives the same answer", () => {
  const run = () => attribute(requests(20, { ...calm, dns: 60, retrieval: 50 }), requests(20, calm), "seed");
  assertEquals(run(), run());
});
