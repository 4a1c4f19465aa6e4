import { assert, assertEquals } from "@std/assert";
import { parse } from "yaml";
import { parseSloFile } from "../slo_file.ts";
import { promqlProblem } from "../promql.ts";
import { NAME_STYLES } from "../source.ts";
import { generateRules } from "./generate.ts";
import type { RuleGroup } from "./rule.ts";

const FIXTURES = new URL("../../../fixtures/slo/", import.meta.url);
const FILES = ["gateway.yaml", "golden/composite.yaml", "golden/histograms.yaml", "golden/slices.yaml"];

Deno.test("every expression is PromQL, every name is unique, whatever the style", () => {
  for (const name of FILES) {
    const file = parseSloFile(Deno.readTextFileSync(new URL(name, FIXTURES)), name);
    for (const nameStyle of NAME_STYLES) {
      const { rules } = generateRules(file, { nameStyle, snap: "up" });
      const { groups } = parse(rules) as { groups: RuleGroup[] };
      assertEquals(new Set(groups.map(({ name }) => name)).size, groups.length);
      const seen = new Set<string>();
      for (const rule of groups.flatMap(({ rules }) => rules)) {
        assertEquals(promqlProblem(rule.expr), null, rule.expr);
        const key = JSON.stringify(["record" in rule ? rule.record : [rule.alert, "for" in rule], rule.labels]);
        assert(!seen.has(key), key);
        seen.add(key);
      }
    }
  }
});

Deno.test("rates of all seven windows, and no average of shorter ones", () => {
  const file = parseSloFile(Deno.readTextFileSync(new URL("gateway.yaml", FIXTURES)), "gateway.yaml");
  const { rules } = generateRules(file, { nameStyle: "suffixed", snap: null });
  const { groups } = parse(rules) as { groups: RuleGroup[] };
  const records = groups.filter(({ name }) => name.includes("-errors-")).flatMap(({ rules }) => rules)
    .flatMap((rule) => "record" in rule ? [rule] : []);
  const windows = records.flatMap(({ record }) => /^slo:sli_error:ratio_rate(.+)$/.exec(record)?.[1] ?? []);
  assertEquals(windows, ["5m", "30m", "1h", "2h", "6h", "1d", "3d", "30d"]);
  const period = records.find(({ record }) => record === "slo:sli_total:count30d")!;
  assertEquals(period.expr, 'sum(increase(ai_requests_total{status=~"success|error"}[30d]))');
});

Deno.test("text of a person is no template: labels and words of alerts show it, recorded labels have it as it is", () => {
  const odd = 'a"b {{ printf }} {{ $value';
  const text = JSON.stringify(odd);
  const file = parseSloFile(
    `service: gw\nlabels: { team: ${text} }\nslos:\n  - name: a\n    sli: status == ok\n    objective: "0.999"\n    owner: ${text}\n`,
    "odd.yaml",
  );
  const { groups } = parse(generateRules(file, { nameStyle: "suffixed", snap: null }).rules) as { groups: RuleGroup[] };
  for (const rule of groups.flatMap(({ rules }) => rules)) {
    const shown = "alert" in rule ? 'a"b {{ "{{" }} printf }} {{ "{{" }} $value' : odd;
    assertEquals([rule.labels?.team, rule.labels?.owner], [shown, shown]);
  }
});
