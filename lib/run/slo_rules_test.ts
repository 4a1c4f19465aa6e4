import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { main } from "../../cli/main.ts";
import { random } from "../stats/random.ts";
import { fakeIo } from "../testing/fake_io.ts";
import { missingTool, testUnless } from "../testing/unless.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const SHIPPED = `${ROOT}fixtures/slo/gateway.yaml`;
const GOLDEN = `${ROOT}fixtures/slo/golden`;
const without = await missingTool("promtool", "Debian: apt-get install prometheus");

async function promtool(...args: string[]): Promise<{ code: number; text: string }> {
  const { code, stdout, stderr } = await new Deno.Command("promtool", { args, stdin: "null" }).output();
  return { code, text: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
}

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "sloctl-rules-" });
  try {
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function sloctl(line: string, stdin = "") {
  const io = fakeIo({ stdin });
  const code = await main(line.split(" "), io);
  return { code, stdout: io.stdout, stderr: io.stderr };
}

/** Both commands of the real promtool are content. */
async function proved(folder: string, what: string): Promise<void> {
  const checked = await promtool("check", "rules", "--lint-fatal", `${folder}/rules.yaml`);
  assertEquals(checked.code, 0, `${what}: ${checked.text}`);
  const tested = await promtool("test", "rules", `${folder}/rules_test.yaml`);
  assertEquals(tested.code, 0, `${what}: ${tested.text}`);
}

testUnless(without, "the shipped objectives pass promtool, and the same file gives the same bytes", async () => {
  await inFolder(async (folder) => {
    for (const out of ["a", "b"]) {
      const told = await sloctl(`slo rules --slo ${SHIPPED} --out ${folder}/${out} --json`);
      assertEquals(told.code, 0, told.stderr);
      assertEquals(JSON.parse(told.stdout).slos.length, 5);
    }
    for (const name of ["rules.yaml", "rules_test.yaml"]) {
      assertEquals(await Deno.readTextFile(`${folder}/a/${name}`), await Deno.readTextFile(`${folder}/b/${name}`));
    }
    await proved(`${folder}/a`, SHIPPED);
  });
});

/** A golden file's first line is the command that made its rules. */
Deno.test("golden files: what the rules of an SLO file look like", async () => {
  for (const { name } of [...Deno.readDirSync(GOLDEN)].filter(({ name }) => /^[a-z]+\.yaml$/.test(name))) {
    await inFolder(async (folder) => {
      const path = `${GOLDEN}/${name}`;
      const [, command] = /^# (.+)\n/.exec(await Deno.readTextFile(path))!;
      const told = await sloctl(`${command} --slo ${path} --out ${folder}`);
      assertEquals(told.code, 0, told.stderr);
      const rules = await Deno.readTextFile(`${folder}/rules.yaml`);
      const golden = path.replace(".yaml", ".rules.yaml");
      if (Deno.env.get("SLOCTL_UPDATE_GOLDEN") === "1") await Deno.writeTextFile(golden, rules);
      assertEquals(rules, await Deno.readTextFile(golden), `${name}: SLOCTL_UPDATE_GOLDEN=1 writes it anew`);
      if (without === null) await proved(folder, name);
    });
  }
});

testUnless(without, "truth-table and float-edge, by Prometheus itself", async () => {
  await inFolder(async (folder) => {
    const sli = 'sli: { good: "r_total{ok=\\"1\\"}", total: r_total }';
    const file = `service: s\nslos:\n  - name: n\n    objective: "0.999"\n    event_floor: 1\n    ${sli}\n`;
    assertEquals((await sloctl(`slo rules --slo - --out ${folder}`, file)).code, 0);
    const windows = ["5m", "30m", "1h", "2h", "6h", "1d", "3d"];
    const given = (ratios: Readonly<Record<string, number>>) =>
      windows.flatMap((window) => {
        const labels = `{sloth_id="s-n",sloth_window="${window}"}`;
        return [
          { series: `slo:sli_error:ratio_rate${window}${labels}`, values: `${ratios[window] ?? 0}` },
          { series: `slo:sli_total:count${window}${labels}`, values: "1e6" },
        ];
      });
    const fires = (level: string, expected: boolean, eval_time = "0s") => ({
      expr: `count(ALERTS{alertname="ErrorBudgetBurn",sloth_severity="${level}"})`,
      eval_time,
      exp_samples: expected ? [{ labels: "{}", value: 1 }] : [],
    });
    const table: [Record<string, number>, boolean, boolean][] = [
      [{ "5m": 0.02, "1h": 0.02 }, true, false],
      [{ "1h": 0.02 }, false, false],
      [{ "5m": 0.02 }, false, false],
      [{ "30m": 0.0035, "6h": 0.0035, "2h": 0.0035, "1d": 0.0035 }, false, true],
      [{ "5m": 0.0144, "1h": 0.0144 }, false, false],
      [{ "5m": 0.01440001, "1h": 0.01440001 }, true, false],
    ];
    const counters = (bad: number) => ({
      interval: "1m",
      input_series: [
        { series: 'r_total{ok="1"}', values: `0+${10_000 - bad}x70` },
        { series: 'r_total{ok="0"}', values: `0+${bad}x70` },
      ],
      promql_expr_test: [fires("page", bad > 144, "65m")],
    });
    const document = {
      rule_files: [`${folder}/rules.yaml`],
      evaluation_interval: "1m",
      // With f = 6 the second pair would fire at 1.44 %; only the first is asked for.
      tests: table.map(([ratios, page, ticket]) => ({
        interval: "1m",
        input_series: given(ratios),
        promql_expr_test: [fires("page", page), fires("ticket", ticket)],
      })),
    };
    await Deno.writeTextFile(`${folder}/table.yaml`, JSON.stringify(document));
    const told = await promtool("test", "rules", `${folder}/table.yaml`);
    assertEquals(told.code, 0, told.text);

    const only = `    alerts: [{ severity: page, long: 1h, short: 5m, factor: "14.4" }]\n`;
    assertEquals((await sloctl(`slo rules --slo - --out ${folder}`, file + only)).code, 0);
    const edge = { ...document, tests: [counters(144), counters(145)] };
    await Deno.writeTextFile(`${folder}/edge.yaml`, JSON.stringify(edge));
    const edged = await promtool("test", "rules", `${folder}/edge.yaml`);
    assertEquals(edged.code, 0, edged.text);
  });
});

testUnless(without, "any SLO file that is taken gives rules that promtool proves", async () => {
  for (let seed = 0; seed < 3; seed++) {
    const draw = random(`slo-rules/${seed}`);
    const one = <T>(...list: T[]): T => list[draw.below(list.length)]!;
    const entries = Array.from({ length: 2 }, (_, i) => {
      const budgeting = one("Occurrences", "Occurrences", "Timeslices", "RatioTimeslices");
      return [
        `  - name: s${i}`,
        `    sli: ${
          one(
            "status == ok",
            "ttft_ms <= 800ms",
            "server.ttft <= 0.75s",
            '{ good: \'a{x=~"1|2",y!="3"}\', total: \'a{y!="3"}\' }',
            "{ good: 'b_bucket{le=\"10\"}', total: b_count }",
            "{ good: 'sum by (p) (increase(c{q=\"r\"}[$window]))', total: 'sum(rate(c[{{.window}}]))' }",
          )
        }`,
        `    objective: "0.${"9".repeat(1 + draw.below(4))}${1 + draw.below(9)}5"`,
        `    period: ${one("30d", "28d", "7d", "90d", "4w", "{ calendar: month }")}`,
        `    budgeting: ${budgeting}`,
        ...(budgeting === "Occurrences" ? [] : [`    slice: { length: ${one("30s", "1m")}, target: "0.9" }`]),
        `    severity: ${one("page", "ticket", "critical", "{ page: a, ticket: a }")}`,
        ...(draw.below(2) === 0 ? [] : ["    description: 'says {{ this }} and \"that\": 100 %'"]),
        ...(draw.below(2) === 0 ? [] : ["    runbook: https://example.org/{{x}}"]),
        ...(draw.below(2) === 0 ? [] : ["    owner: 'the \"{{ printf }}\" team'"]),
      ].join("\n");
    });
    const text = `service: svc-${seed}\nlabels: { tier: '{{ $x' }\nslos:\n${entries.join("\n")}\n`;
    await inFolder(async (folder) => {
      const told = await sloctl(`slo rules --slo - --out ${folder}`, text);
      if (told.code === 2) return assertStringIncludes(told.stderr, "can never fire", text);
      assertEquals(told.code, 0, `${text}\n${told.stderr}`);
      await proved(folder, text);
    });
  }
});

Deno.test("slo rules: what is refused, and with which exit code", async () => {
  await inFolder(async (folder) => {
    const slo = (sli: string) => `service: gw\nslos:\n  - name: n\n    objective: "0.95"\n    sli: ${sli}\n`;
    const rows: [string, string, number, string][] = [
      [`slo rules --out ${folder}/x`, "", 2, "no SLO file is named"],
      ["slo rules --slo -", slo("status == ok"), 2, "no folder is named"],
      [`slo rules --slo - --out ${folder}/x`, slo("server.ttft <= 300ms"), 2, "is no bucket bound"],
      [`slo rules --slo - --out ${folder}/x --snap sideways`, "", 2, "--snap sideways"],
      [`slo rules --slo ${folder} --out ${folder}/x`, "", 4, "it is a directory"],
      [`slo rules --slo - --out /dev/null/x`, slo("status == ok"), 4, "Cannot make folder"],
      [`slo rules --slo - --out ${folder}/x`, "\0\x01", 2, "line 1, column 1"],
    ];
    for (const [line, stdin, code, message] of rows) {
      const told = await sloctl(line, stdin);
      assertEquals([told.code, told.stdout], [code, ""], `${line}: ${told.stderr}`);
      assertStringIncludes(told.stderr, message);
    }
    const moved = await sloctl(`slo rules --slo - --out ${folder}/x --snap up`, slo("server.ttft <= 300ms"));
    assertEquals(moved.code, 0);
    assertStringIncludes(moved.stderr, "limit 0.3 s moved up to the bucket bound 0.5 s");
    const rules = await Deno.readTextFile(`${folder}/x/rules.yaml`);
    assertStringIncludes(rules, 'gen_ai_server_time_to_first_token_seconds_bucket{le="0.5"}');
    assert(!/NaN|Infinity|undefined/.test(rules), "only numbers");
  });
});
