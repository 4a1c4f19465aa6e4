import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { UsageError } from "../model/errors.ts";
import { remarks } from "./feasibility.ts";
import { durationText } from "./duration.ts";
import { decimalText } from "./literal.ts";
import { parseSloFile } from "./slo_file.ts";

const shipped = Deno.readTextFileSync(new URL("../../fixtures/slo/gateway.yaml", import.meta.url));

/** A file with one SLO: lines after the first two of it, each indented as its member. */
function file(...members: string[]): string {
  const own = members.some((line) => line.startsWith("sli:")) ? [] : ["sli: status == ok"];
  const objective = members.some((line) => line.startsWith("objective:")) ? [] : ['objective: "0.999"'];
  return ["service: gw", "slos:", "  - name: one", ...[...own, ...objective, ...members].map((line) => `    ${line}`)]
    .join("\n") + "\n";
}

const read = (text: string) => parseSloFile(text, "f.yaml");

Deno.test("the shipped file promises what the gateway promises", () => {
  const { service, slos } = parseSloFile(shipped, "gateway.yaml");
  assertEquals(service, "rag-gateway");
  const told = slos.map(({ name, objective, sli, budgeting }) => [
    name,
    objective.text,
    budgeting,
    sli.kind === "events" ? sli.predicate?.text : "",
  ]);
  assertEquals(told, [
    ["availability", "0.999", "Timeslices", "status == ok"],
    ["errors", "0.999", "Occurrences", "status == ok"],
    ["latency-p95", "0.95", "Occurrences", "request_latency_ms <= 1s"],
    ["latency-p99", "0.99", "Occurrences", "request_latency_ms <= 2s"],
    ["ttft-p95", "0.95", "Occurrences", "ttft_ms <= 800ms"],
  ]);
  for (const slo of slos) assert(slo.owner !== "" && slo.runbook !== "" && durationText(slo.period.seconds) === "30d");
});

Deno.test("objectives are exact, however they are written", () => {
  for (const text of ['"0.999"', "0.999", '"0.9990"', "'.999'", "9.99e-1"]) {
    const [slo] = read(file(`objective: ${text}`)).slos;
    assertEquals([slo!.objective.text, slo!.objective.n * 1000n === 999n * slo!.objective.d], ["0.999", true], text);
  }
  const [exact] = read(file('objective: "0.99999999999999999999"')).slos;
  assertEquals(exact!.objective.text, "0.99999999999999999999");
});

Deno.test("periods: rolling and calendar, and what their windows become", () => {
  const alerts = (...members: string[]) => {
    const [slo] = read(file(...members)).slos;
    const pairs = slo!.alerts.map(({ longS, shortS, factor }) =>
      `${durationText(longS)}/${durationText(shortS)} ${decimalText(factor)}`
    );
    return [slo!.windows, ...pairs];
  };
  const table = ["1h/5m 14.4", "6h/30m 6", "1d/2h 3", "3d/6h 1"];
  assertEquals(alerts(), ["fixed", ...table]);
  assertEquals(alerts("period: 4w"), ["scaled", "56m/5m 14.4", "336m/28m 6", "1344m/112m 3", "4032m/336m 1"]);
  assertEquals(alerts("period: 90d"), ["fixed", "1h/5m 43.2", "6h/30m 18", "1d/2h 9", "3d/6h 3"]);
  assertEquals(alerts("period: 90d", 'objective: "0.95"')[0], "scaled");
  assertEquals(alerts("period: { calendar: month, time_zone: Europe/Berlin }"), ["fixed", ...table]);
  assertEquals(alerts('alerts: [{ severity: page, long: 2h, short: 10m, factor: "5.5", for: 2m }]'), [
    "own",
    "2h/10m 5.5",
  ]);
  const [slo] = read(file("period: 28d", "event_floor: 5", "owner: me", "runbook: r")).slos;
  assertStringIncludes(remarks(slo!).join("; "), "scaled");
  assertStringIncludes(remarks(slo!).join("; "), "below 70 events one failure alone fires page 56m/5m");
});

Deno.test("severity: who is woken, and by what word", () => {
  const of = (text: string) => read(file(`severity: ${text}`)).slos[0]!.severity;
  assertEquals(of("page"), { page: "page", ticket: "ticket" });
  assertEquals(of("ticket"), { page: "ticket", ticket: "ticket" });
  assertEquals(of("critical"), { page: "critical", ticket: "ticket" });
  assertEquals(of("{ page: P1, ticket: P3 }"), { page: "P1", ticket: "P3" });
});

Deno.test("what is wrong is named with line, field and remedy", () => {
  const rows: [string, RegExp, RegExp][] = [
    ["", /line 1, column 1: it is empty/, /./],
    ["service: gw\nslos: []\n", /line 2, column 1: slos must NOT have fewer than 1 items/, /./],
    ["service: gw\n", /slos is missing/, /./],
    [file("objectve: 1"), /slos\.0\.objectve must not be there/, /./],
    [file('objective: "1"'), /line 5, column 5: slos\.0\.objective is 1: nothing may ever fail/, /such as 0\.999/],
    [file("objective: 1.0"), /slos\.0\.objective is 1/, /./],
    [file("objective: 99.9"), /slos\.0\.objective is 99\.9, which does not lie between/, /Write 0\.999 for 99\.9 %/],
    [file('objective: "99.9%"'), /slos\.0\.objective is "99\.9%", which is no decimal/, /0\.999 for 99\.9 %/],
    [file("objective: 0"), /slos\.0\.objective is 0, which does not lie/, /./],
    [file("objective: -0.5"), /does not lie/, /./],
    [file("objective: .nan"), /objective must be string,number/, /./],
    [file("period: 30"), /slos\.0\.period must be string,object/, /./],
    [file("period: thirty"), /slos\.0\.period must match pattern/, /./],
    [file("period: 1h"), /slos\.0\.period is 1h, too short for the usual windows/, /3d/],
    [file("period: { calendar: month, time_zone: Mars/Olympus }"), /time_zone is "Mars\/Olympus"/, /Europe\/Berlin/],
    [file("windows: fixed", "period: 28d"), /windows with a period of 28d fires inside the budget/, /windows: scaled/],
    [
      file("objective: 0.93"),
      /objective with a period of 30d has an alert that can never fire/,
      /factors below 14\.28/,
    ],
    [file("sli: ttft <= 1s"), /line 5, column 5: slos\.0\.sli "ttft" is no definition id/, /./],
    [file("sli: ttft_ms < 1s"), /"<" leaves equality out/, /Write <=/],
    [file("sli: {}"), /slos\.0\.sli says nothing of what is good/, /./],
    [file("sli: { good: a_total }"), /slos\.0\.sli\.good stands without total/, /./],
    [file("sli: { total: a_total }"), /slos\.0\.sli\.total stands without good/, /./],
    [file('sli: { good: "a{", total: b }'), /slos\.0\.sli\.good it is no PromQL at character/, /./],
    [file("sli: { good: 'a[5m]', total: b }"), /neither a selector nor an expression/, /\[\$window\]/],
    [file("sli: { good: a, total: b, metric: c }"), /sli\.metric stands beside good and total/, /./],
    [file("sli: { predicate: ttft_ms <= 1s, bounds: [1] }"), /sli\.bounds stands without metric/, /./],
    [file("sli: { predicate: ttft_ms <= 1s, metric: m, bounds: [2, 1] }"), /bounds\.1 is not above/, /./],
    [file("sli: { predicate: ttft_ms <= 1s, labels: { 'a-b': c } }"), /labels\.a-b is no label name/, /./],
    [file("sli: { predicate: ttft_ms <= 1s, labels: { le: c } }"), /labels\.le is a label the rules write/, /./],
    [`labels: { sloth_id: x }\n${file()}`, /line 1, column 11: labels\.sloth_id is a label the rules write/, /./],
    [file("budgeting: Sometimes"), /slos\.0\.budgeting must be equal to one of/, /./],
    [file("budgeting: Timeslices"), /slos\.0\.slice has no target/, /0\.95/],
    [file("slice: { length: 1m }"), /slos\.0\.slice is of no use with budgeting Occurrences/, /./],
    [file("budgeting: Timeslices", "slice: { length: 10m, target: 0.9 }"), /slice is 10m long, too long/, /2m|150s/],
    [file("budgeting: Timeslices", "slice: { target: 1.5 }"), /target is 1\.5/, /./],
    [file("event_floor: 0"), /event_floor must be >= 1/, /./],
    [
      file("traffic: 10/h"),
      /traffic is 10 events in 1h, and page 1h\/5m needs 70: it can never fire/,
      /longer windows/,
    ],
    [file("traffic: 10/d"), /one failure breaks the objective/, /Lower the objective/],
    [file("alerts: [{ severity: page, long: 5m, short: 1h, factor: 2 }]"), /alerts\.0 has a short window/, /./],
    [file("alerts: [{ severity: page, long: 1h, short: 5m, factor: 0.5 }]"), /alerts\.0 fires inside the budget/, /./],
    [file("alerts: [{ severity: page, long: 1h, short: 5m, factor: x }]"), /alerts\.0\.factor is "x"/, /./],
    [file("alerts: [{ severity: page, long: 60d, short: 5m, factor: 1 }]"), /as long as the period/, /./],
    [
      file(
        "alerts: [{ severity: page, long: 1h, short: 5m, factor: 9, for: 2m }, { severity: page, long: 6h, short: 30m, factor: 6 }]",
      ),
      /alerts\.1 holds for another time than alerts\.0/,
      /one for/,
    ],
    [file("stages: { retrieval: fast }"), /stages\.retrieval is "fast"/, /300ms/],
    [file("stages: { cooking: 1s }"), /stages\.cooking must not be there/, /./],
    [file().replace("one", "a b"), /slos\.0\.name must match pattern/, /./],
    [
      `${file()}  - name: one\n    sli: status == ok\n    objective: 0.9999\n`,
      /line 6, column 5: slos\.1\.name is "one" again/,
      /./,
    ],
    [
      file("sli: { parts: [{ slo: x, weight: 1 }, { slo: one, weight: 1 }] }"),
      /parts\.0\.slo is "x", and there is no/,
      /./,
    ],
    ["a: &x 1\nb: *x\n", /anchors and aliases/, /./],
  ];
  for (const [text, message, hint] of rows) {
    const error = assertThrows(() => read(text), UsageError);
    assertMatch(error.message, /^Cannot read "f\.yaml": line \d+, column \d+: /);
    assertMatch(error.message, message);
    assertMatch(error.hint ?? "", hint);
  }
});

Deno.test("a composite is made of other SLOs of the file, budgeted alike", () => {
  const parts = (more = "") =>
    file().replace("one", "a") + file().split("slos:\n")[1]!.replace("one", "b") +
    `  - name: all\n    sli: { parts: [{ slo: a, weight: "0.7" }, { slo: b, weight: 0.3 }] }\n    objective: "0.999"\n${more}`;
  const { slos } = read(parts());
  assertEquals(slos[2]!.sli.kind === "composite" && slos[2]!.sli.parts.map(({ weight }) => weight.text), [
    "0.7",
    "0.3",
  ]);
  assertThrows(() => read(parts("    period: 60d\n")), UsageError, "has another period");
  assertThrows(
    () => read(parts("    budgeting: RatioTimeslices\n")),
    UsageError,
    "is budgeted by Occurrences, and the whole by RatioTimeslices",
  );
  assertThrows(
    () => read(parts().replace("weight: 0.3", "weight: 0")),
    UsageError,
    'weight is "0", which is no positive decimal',
  );
});
