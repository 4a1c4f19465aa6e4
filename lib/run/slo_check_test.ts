import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { main } from "../../cli/main.ts";
import type { SliName, SloEvent } from "../model/slo_event.ts";
import { validate } from "../report/validate.ts";
import { fakeIo } from "../testing/fake_io.ts";
import { madeRun } from "../testing/telemetry.ts";

const FILE = `service: gw
slos:
  - name: errors
    sli: status == ok
    objective: "0.99"
  - name: ttft
    sli: ttft_ms <= 800ms
    objective: "0.95"
`;
const T0 = Date.parse("2026-01-01T00:00:00Z");

interface Made {
  readonly ok: boolean;
  readonly ttftMs?: number;
  readonly service?: string;
}

/** A request every ten seconds, as the SLO events a collector writes. */
function events(count: number, make: (i: number) => Made): string {
  const lines: SloEvent[] = [];
  for (let i = 0; i < count; i++) {
    const { ok, ttftMs = 100, service = "gw" } = make(i);
    const values: Partial<Record<SliName, number>> = { error_rate: ok ? 0 : 1, ...(ok ? { ttft_ms: ttftMs } : {}) };
    for (const [sli_name, sli_value] of Object.entries(values) as [SliName, number][]) {
      lines.push({
        event_id: `${i}-${sli_name}`,
        timestamp: new Date(T0 + i * 10_000).toISOString(),
        cluster: "",
        namespace: "",
        workload: "",
        service,
        request_id: `r${i}`,
        sli_name,
        sli_value,
        unit: sli_name === "ttft_ms" ? "ms" : "ratio",
        status: "ok",
      });
    }
  }
  return lines.map((line) => `${JSON.stringify(line)}\n`).join("");
}

async function check(args: string, stdin: string, file = FILE) {
  const folder = await Deno.makeTempDir({ prefix: "sloctl-check-" });
  try {
    await Deno.writeTextFile(`${folder}/slo.yaml`, file);
    const io = fakeIo({ stdin });
    const code = await main(`slo check --slo ${folder}/slo.yaml ${args}`.trim().split(" "), io);
    return { code, stdout: io.stdout, stderr: io.stderr, json: () => JSON.parse(io.stdout) };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("slo check: a change of objective, played through the recorded past", async () => {
  // Twelve hours; from the sixth on every twentieth request fails: 5 %, which burns 99 % at 5 and 99.9 % at 50.
  const record = events(12 * 360, (i) => ({ ok: i < 6 * 360 || i % 20 !== 0 }));
  const told = await check("--input - --objective errors=0.999 --json", record);
  const { slos, verdict, recorded } = told.json();
  assertEquals([told.code, verdict, recorded.requests], [1, "fail", 4320]);
  const [errors, ttft] = slos;
  assertEquals([errors.now.pages, ttft.with_change], [0, null]);
  assertEquals([errors.with_change.pages, errors.with_change.tickets], [1, 1]);
  assertEquals(errors.now.status.objective, "0.99");
  assertEquals(errors.with_change.status.objective, "0.999");
  // 108 of 4320: 2.5 times the budget of 99 %, 25 times that of 99.9 %.
  assertEquals([errors.now.status.budget.bad, errors.now.status.budget.remaining], [108, -1.5]);
  assertEquals(errors.with_change.status.budget.remaining, -24);
  assert(errors.with_change.exhausted_at < errors.now.exhausted_at);
  // The page came once 1.44 % of an hour had failed: after 0.0144/0.05 of an hour, give or take a slice and a failure.
  const [page] = errors.with_change.alerts_fired.filter((alert: { level: string }) => alert.level === "page");
  const minutes = (Date.parse(page.from) - T0) / 60_000 - 360;
  assert(Math.abs(minutes - 0.0144 / 0.05 * 60) <= 7, `${minutes}`);
  for (const slo of slos) assertEquals(validate("slo-status/v1", slo.now.status), []);
});

Deno.test("slo check: verdicts and their exit codes", async () => {
  const rows: [string, string, string, number, string][] = [
    ["kept", "--objective errors=0.99", events(400, () => ({ ok: true })), 0, "pass"],
    [
      "too few",
      "--objective errors=0.999",
      events(400, () => ({ ok: true })),
      3,
      "2 995 needed",
    ],
    ["missed", "--limit ttft=50ms", events(400, () => ({ ok: true })), 1, "if <= 50 ms"],
    ["kept at the limit", "--limit ttft=0.1s", events(400, () => ({ ok: true })), 0, "pass"],
    ["no TTFT in the whole record", "--objective ttft=0.95", events(400, () => ({ ok: false })), 4, "no data"],
    [
      "TTFT is missing where others have it",
      "--objective ttft=0.95",
      events(400, (i) => ({ ok: i % 2 === 0 })),
      1,
      "missing",
    ],
    ["everything in the file", "", events(400, () => ({ ok: true })), 0, "No alert would have fired"],
  ];
  for (const [name, args, record, code, words] of rows) {
    const told = await check(`--input - ${args}`, record);
    assertEquals(told.code, code, `${name}: ${told.stdout}${told.stderr}`);
    assertStringIncludes(told.stdout, words, name);
  }
});

Deno.test("slo check: what else it reads", async () => {
  const { spanLines } = madeRun({ seconds: 20 });
  const spans = await check("--input - --json", spanLines);
  assertEquals([spans.json().recorded.requests, spans.json().slos[1].now.status.budget.bad], [100, 0]);
  const raw = { timestamp: new Date(T0).toISOString(), service: "gw", request_id: "r", ttft_ms: 900, error_rate: 0 };
  const samples = Array.from({ length: 9 }, (_, i) => `${JSON.stringify({ ...raw, request_id: `r${i}` })}\n`).join("");
  assertEquals((await check("--input - --json", samples)).json().slos[1].now.status.budget.bad, 9);
  const plan = await check("", "");
  assertEquals(plan.code, 0);
  assertStringIncludes(plan.stdout, "0.144");
  assertEquals((await check("--json", "")).json().slos[0].budget_minutes, 432);
  const counters = FILE + '  - name: counted\n    sli: { good: a, total: b }\n    objective: "0.9999"\n';
  const told = await check("--input -", events(400, () => ({ ok: true })), counters);
  assertEquals(told.code, 0, "what has no predicate is said, and not held against the others");
  assertStringIncludes(told.stdout, "not judged: no predicate");
  const rare = events(100, () => ({ ok: true })); // 360 an hour
  const strict = FILE.replace('"0.99"', '"0.9999"');
  const said = "errors: the recorded traffic is 363.6 events in 1h, and page 1h/5m needs 695: it can never fire";
  assertStringIncludes((await check("--input -", rare, strict)).stdout, said);
  assertEquals((await check("--input - --json", rare, strict)).json().traffic[0], said);
  const foreign = events(400, (i) => ({ ok: true, service: i % 2 === 0 ? "gw" : "other" }));
  assertStringIncludes((await check("--input -", foreign)).stdout, "200 requests of other services left out");
});

Deno.test("slo check: bad input", async () => {
  const good = events(9, () => ({ ok: true }));
  const rows: [string, string, number, string][] = [
    ["--input -", "", 4, "it is empty"],
    ["--input -", "not json\n", 4, "nothing in it is a document we know"],
    ["--input /", "", 4, "it is a directory"],
    ["--input -", events(9, () => ({ ok: true, service: "x" })), 4, 'Cannot check "gw": none of 9 requests'],
    ["--input - --objective errors=1", good, 2, 'Cannot use "--objective 1": it is 1: nothing may ever fail'],
    ["--input - --objective eror=0.9", good, 2, "Write errors if that is what you meant"],
    ["--input - --objective errors=0.9", good, 2, "can never fire"],
    ["--input - --limit errors=5ms", good, 2, "no predicate with just one limit"],
    ["--input - --limit ttft=fast", good, 2, '"fast" is no limit'],
    ["--input - --limit 5ms", good, 2, "it is no NAME=VALUE"],
    ["--slo - --input -", good, 2, "standard input twice"],
  ];
  for (const [args, stdin, code, message] of rows) {
    const told = await check(args, stdin);
    assertEquals([told.code, told.stdout], [code, ""], `${args}: ${told.stderr}`);
    assertStringIncludes(told.stderr, message, args);
  }
  const cut = await check("--input -", good.slice(0, -40));
  assertEquals(cut.code, 4);
  assertStringIncludes(cut.stderr, "its last line is cut short");
});
