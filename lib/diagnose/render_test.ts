import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { displayWidth } from "../report/text.ts";
import { diagnose, type DiagnosisContext } from "./diagnosis.ts";
import { connect, CONTEXT, dns, firstByte, owner, tcp, wait } from "./fixture.ts";
import { renderDiagnosis } from "./render.ts";

const BUSY = [
  ...Array.from({ length: 12 }, (_, i) => dns(1234, i * 400, 120 + i * 3)),
  dns(77, 0, 2, { queryName: "a.very.long.name.that.nobody.can.read.in.one.go.internal.example.com", rcode: 3 }),
  connect(1234, 200, 1),
  connect(99, 0, 0.2, { errno: 111, tuple: tcp("10.9.8.7", 6379), owner: owner(99, "worker") }),
  firstByte(1234, 300, 2100),
  firstByte(80, 300, 4, { role: "server", owner: owner(80, "nginx"), tuple: tcp("10.0.0.9", 50000, 80) }),
  ...Array.from({ length: 100 }, (_, i) => wait("runq", 5, i * 50, 25)),
  ...Array.from({ length: 20 }, (_, i) => connect(300 + i, i, 1, { tuple: tcp("10.0.1." + i, 80) })),
];
const render = (change: Partial<DiagnosisContext> = {}, events = BUSY, color = false, width = 100) =>
  renderDiagnosis(diagnose(events, { ...CONTEXT, ...change }), { color, width });

Deno.test("the text keeps to its width and holds what the document says", () => {
  for (const width of [80, 100, 120]) {
    for (const line of render({}, BUSY, true, width).split("\n")) {
      assert(displayWidth(line) <= width, `${width}: ${line}`);
    }
  }
  const text = render();
  assertStringIncludes(text, "5 findings, worst first");
  assertStringIncludes(text, "10.9.8.7:6379");
  assertStringIncludes(text, "serving 10.0.0.2:80 to 10.0.0.9");
  assertStringIncludes(text, "more rows; --json lists them all");
  assertStringIncludes(text, "0.8 % of one CPU, 310 ns per event in the kernel, 62 MB");
});

Deno.test("80 columns hold a long list of findings, and requests that moved", () => {
  const many = Array.from({ length: 24 }, (_, i) => [
    ...Array.from(
      { length: 5 },
      (_, j) => dns(1000 + i, j * 900, 700 + 97 * i, { owner: owner(1000 + i, `a-worker-${i}`) }),
    ),
    ...Array.from(
      { length: 5 },
      () => connect(4_000_000 + i, 0, 2, { errno: 111, owner: owner(4_000_000 + i, "spawned") }),
    ),
  ]).flat();
  const text = render({}, [...BUSY, ...many], false, 80);
  for (const line of text.split("\n")) assert(displayWidth(line) <= 80, line);
  assertStringIncludes(text, "spawned ×24");
  assertStringIncludes(text, "\n12  ");
});

Deno.test("nothing found, nothing seen and nothing watched are three answers", () => {
  assertStringIncludes(render({}, []), "No findings: nothing on this host was slow or failing in the 20 s watched.");
  assertStringIncludes(render({ targets: "--comm curl" }, []), "nothing of --comm curl was slow");
  const missing = [{ probe: "stream", reason: "EPERM", costs: "first bytes" }];
  const partly = render(
    { coverage: { attached: ["dns_latency"], missing, unprobed: [] }, drops: { dns_latency: 3 } },
    [],
  );
  assertStringIncludes(partly, "But 1 probe or signal could not be had, see coverage; 3 records were lost.");
  assertStringIncludes(partly, "stream: EPERM; not seen without it: first bytes");
  const chosen = [{ ...missing[0]!, by_choice: true } as const];
  const quiet = render({ coverage: { attached: ["dns_latency"], missing: chosen, unprobed: [] } }, []);
  assertEquals([quiet.includes("But "), quiet.includes("stream: EPERM")], [false, true]);
  const blind = render({ coverage: { attached: [], missing, unprobed: [] } }, []);
  assertStringIncludes(blind, "No data: no probe was attached");
  assertEquals(blind.includes("No findings"), false);
});

Deno.test("names from the wire cannot steer the terminal", () => {
  const text = render({}, [dns(1, 0, 90, { queryName: "a\x1b[2J.com" })]);
  assertEquals(text.includes("\x1b"), false);
  assertStringIncludes(text, "a?[2J.com");
});
