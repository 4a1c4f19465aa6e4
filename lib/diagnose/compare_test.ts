import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { KernelEvent } from "../model/kernel_event.ts";
import { validate } from "../report/validate.ts";
import { displayWidth } from "../report/text.ts";
import { compareRuns } from "./compare.ts";
import { diagnose } from "./diagnosis.ts";
import { connect, CONTEXT, dns, owner } from "./fixture.ts";
import { renderDiagnosis } from "./render.ts";

const many = (count: number, make: (i: number) => KernelEvent) => Array.from({ length: count }, (_, i) => make(i));
const lookups = (count: number, tookMs: number, pid = 1) =>
  many(count, (i) => dns(pid, 100 * i, tookMs + i % 3, { owner: owner(pid) }));
const refused = (count: number, pid = 1) => many(count, (i) => connect(pid, 50 * i, 1, { errno: 111 }));
const run = (events: KernelEvent[], part: Partial<typeof CONTEXT> = {}) => diagnose(events, { ...CONTEXT, ...part });

Deno.test("slower, faster, new, gone, the same, and too few to say", () => {
  const table: [KernelEvent[], KernelEvent[], string[], number, number][] = [
    [lookups(30, 5), lookups(30, 50), ["worse dns_latency_ms"], 0, 0],
    [lookups(30, 50), lookups(30, 5, 77), ["better dns_latency_ms"], 0, 0], // the pid is not what makes them alike
    [lookups(30, 20), lookups(30, 24), [], 1, 0],
    [lookups(30, 0.1), lookups(30, 0.5), [], 1, 0], // five times as much, of nothing
    [lookups(4, 5), lookups(4, 50), [], 0, 1],
    [[], lookups(30, 150), ["new dns_latency_ms"], 0, 0],
    [lookups(30, 150), [], ["gone dns_latency_ms"], 0, 0],
    [[], lookups(30, 2), [], 0, 0], // seen, and nothing wrong with it
    [refused(10), refused(40), ["worse connect_errors_total"], 0, 0],
    [refused(40), refused(10), ["better connect_errors_total"], 0, 0],
    [refused(10), refused(14), [], 1, 0], // that happens by chance
    [refused(2), refused(5), [], 1, 0],
    [lookups(30, 5), [...lookups(30, 90), ...refused(9)], ["worse dns_latency_ms", "new connect_errors_total"], 0, 0],
  ];
  for (const [before, now, expected, same, tooFew] of table) {
    const told = compareRuns(run(before), run(now));
    const changes = told.changes.map(({ change, kind }) => `${change} ${kind}`);
    assertEquals([changes.toSorted(), told.same, told.too_few], [expected.toSorted(), same, tooFew]);
  }
});

Deno.test("processes of one name are counted together", () => {
  const failed = (processes: number) => Array.from({ length: processes }, (_, i) => refused(12, 10 + i)).flat();
  const { changes: [worse] } = compareRuns(run(failed(1)), run(failed(4)));
  assertEquals([worse?.change, worse?.before?.count, worse?.now?.count], ["worse", 12, 48]);
  const { changes: [fresh] } = compareRuns(run([]), run(failed(2)));
  assertEquals([fresh?.change, fresh?.before, fresh?.now?.count], ["new", null, 24]);
});

Deno.test("runs that are hard to compare say why; the document stays valid, the section fits 80 columns", () => {
  const before = run(lookups(30, 5));
  const now = run(lookups(30, 90), {
    host: { ...CONTEXT.host, kernel: "9.9" },
    coverage: { ...CONTEXT.coverage, attached: ["dns_latency"] },
    drops: { stream: 3 },
  });
  const compared = compareRuns(before, now);
  assert(compared.cautions.some((one) => one.startsWith("the kernel: 9.9 now")), compared.cautions.join("\n"));
  assert(compared.cautions.some((one) => one.includes("records lost now")), compared.cautions.join("\n"));
  const document = { ...now, compared };
  assertEquals(validate("diagnosis/v1", document), []);
  const text = renderDiagnosis(document, { width: 80 });
  assertStringIncludes(text, "Compared with ");
  assertStringIncludes(text, "+ worse: curl: DNS answers, 10.0.0.53:53: 91.0 ms (p50), 92.0 ms (p95) of 30;");
  for (const line of text.split("\n")) assert(displayWidth(line) <= 80, line);
});
