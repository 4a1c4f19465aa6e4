import { assertEquals, assertRejects } from "@std/assert";
import { IoError, UsageError } from "../model/errors.ts";
import { validate } from "../report/validate.ts";
import { fakeIo } from "../testing/fake_io.ts";
import { correlationeval, type CorrelationevalOptions } from "./correlationeval.ts";

const options: CorrelationevalOptions = {
  input: "-",
  windowMs: 2000,
  threshold: undefined,
  minPrecision: 0.9,
  minRecall: 0.85,
  outJson: "-",
  predictionsOut: undefined,
};

let cases = 0;
const T0 = "2026-01-01T00:00:00Z";

/** A pair whose sides share what is given; the signal comes `afterMs` later. */
function pair(shared: Record<string, unknown>, afterMs: number, match: boolean, tier = "", more: object = {}): string {
  const timestamp = new Date(Date.parse(T0) + afterMs).toISOString();
  return JSON.stringify({
    case_id: `c${cases++}`,
    span: { ...shared, timestamp: T0 },
    signal: { ...shared, timestamp, signal: "dns_latency_ms", value: 1 },
    expected_match: match,
    expected_tier: tier,
    ...more,
  });
}

async function evaluate(lines: string[], part: Partial<CorrelationevalOptions> = {}) {
  const io = fakeIo({ stdin: lines.join("\n") + "\n" });
  const code = await correlationeval({ ...options, ...part }, io);
  return { code, report: JSON.parse(io.stdout) };
}

const PAIRS = [
  pair({ trace_id: "ab".repeat(16) }, 1999, true, "trace_id_exact"),
  pair({ pod: "p", pid: 7 }, 100, true, "pod_pid_100ms"),
  pair({ pod: "p", pid: 7 }, 101, false),
  pair({ pod: "p", pid: 0 }, 0, false),
  pair({ pod: "p", conn_tuple: "10.0.0.1:1->10.0.0.2:2" }, 250, true, "pod_conn_250ms"),
  pair(
    { pod: "p", conn_tuple: { src_ip: "10.0.0.1", src_port: 1, dst_ip: "10.0.0.2", dst_port: 2 } },
    -250,
    true,
    "pod_conn_250ms",
  ),
  pair({ service: "s", node: "n" }, 500, true, "service_node_500ms"),
  pair({ service: "s", node: "n" }, 501, false),
  pair({ service: "s" }, 0, false),
];

Deno.test("correlationeval: the four tiers over labelled pairs", async () => {
  for (const line of PAIRS) assertEquals(validate("labelled-pair/v1", JSON.parse(line)), []);
  const all = await evaluate(PAIRS);
  assertEquals([all.code, all.report.precision, all.report.recall, all.report.f1, all.report.tier_accuracy], [
    0,
    1,
    1,
    1,
    1,
  ]);
  // A caller's threshold leaves the weakest tier out; enrichment is counted apart.
  const strict = await evaluate(PAIRS, { threshold: 0.7 });
  assertEquals([strict.code, strict.report.recall, all.report.enriched], [1, 0.8, 4]);
  // A wrong label is a false positive.
  const wrong = await evaluate([...PAIRS, pair({ pod: "p", pid: 7 }, 0, false)], { minPrecision: 0.9 });
  assertEquals([wrong.code, wrong.report.false_positives], [1, 1]);
  assertEquals((await evaluate(PAIRS, { windowMs: 50 })).report.recall, 0);
  // Nothing to find: neither pass nor fail.
  assertEquals((await evaluate([pair({}, 0, false)])).code, 3);
  // Two spans compete for a signal: each is worth half.
  const rivals = [
    pair({ pod: "p", pid: 7 }, 0, true, "", { group: "g" }),
    pair({ pod: "p", pid: 7 }, 1, false, "", { group: "g" }),
  ];
  assertEquals((await evaluate(rivals, { threshold: 0.7 })).report.true_positives, 0);
});

Deno.test("correlationeval: bad input", async () => {
  const rows: [string, Partial<CorrelationevalOptions>, typeof IoError | typeof UsageError, string][] = [
    ["", {}, IoError, "it is empty"],
    [PAIRS[0]!.slice(0, -9), {}, IoError, "line 1: not JSON"],
    ["\x00\x01", {}, IoError, "line 1: not JSON"],
    ['{"schema":"labelled_pair/v3"}', {}, IoError, "which this version does not know"],
    ['{"case_id":"x","expected_match":true,"span":{},"signal":{}}', {}, IoError, "span.timestamp"],
    [PAIRS[0]!, { input: undefined }, UsageError, "no labelled pairs are named"],
    [PAIRS[0]!, { input: "/" }, IoError, "it is a directory"],
    [PAIRS[0]!, { threshold: 2 }, UsageError, "outside 0 to 1"],
    [PAIRS[0]!, { outJson: "/dev/full" }, IoError, "the disk is full"],
  ];
  for (const [text, part, kind, message] of rows) {
    await assertRejects(() => evaluate([text], part), kind, message);
  }
});
