import { assert, assertEquals, assertRejects } from "@std/assert";
import { NOBODY_NAMED } from "../correlate/peers.ts";
import { IoError, UsageError } from "../model/errors.ts";
import { validate } from "../report/validate.ts";
import { scenarioNames } from "../source/scenario_files.ts";
import { fakeIo } from "../testing/fake_io.ts";
import { type AttributionMode, attributor, type AttributorOptions } from "./attributor.ts";
import { faultreplay } from "./faultreplay.ts";
import { SEND_NOTHING } from "./send_options.ts";

const options: AttributorOptions = {
  inputs: ["-"],
  mode: "rule",
  out: "-",
  predictionsOut: undefined,
  summaryOut: undefined,
  confusionOut: undefined,
  baselineMs: 20_000,
  objectiveMs: 800,
  peers: NOBODY_NAMED,
  send: SEND_NOTHING,
};

async function samples(scenario: string): Promise<string> {
  const io = fakeIo();
  const rest = { seed: undefined, out: "-", speed: 0, input: undefined, otlpEndpoint: undefined };
  await faultreplay({ scenario, count: 30, ...rest }, io);
  return io.stdout;
}

async function run(stdin: string, part: Partial<AttributorOptions> = {}) {
  const io = fakeIo({ stdin });
  const code = await attributor({ ...options, ...part }, io);
  return { code, lines: io.stdout.split("\n").filter((line) => line !== ""), stderr: io.stderr };
}

const KEYS_OF_V11 = ["schema", "attribution_mode", "model_version", "unknown_reason", "synthetic"];

Deno.test("fault samples: valid documents, marked, and the same answer when the labels are removed", async () => {
  for (const scenario of scenarioNames()) {
    const text = await samples(scenario);
    const unlabelled = text.trim().split("\n").map((line) => {
      const { fault_label: _l, expected_domain: _d, expected_domains: _s, ...rest } = JSON.parse(line);
      return JSON.stringify(rest);
    }).join("\n") + "\n";
    for (const mode of ["rule", "bayes", "model"] as AttributionMode[]) {
      const told = await run(text, { mode });
      assertEquals(told.code, 0);
      assertEquals((await run(unlabelled, { mode })).lines, told.lines);
      assertEquals(told.lines.length, scenario === "baseline" ? 0 : 30, scenario);
      for (const line of told.lines) {
        const document = JSON.parse(line);
        assertEquals(validate("incident-attribution/v1.1", document), []);
        assertEquals(document.synthetic, true);
        assertEquals(document.attribution_mode, mode === "model" ? "rule" : mode);
        for (const key of KEYS_OF_V11) delete document[key];
        assertEquals(validate("incident-attribution/v1", document), []);
      }
      assertEquals(told.stderr.includes("the rule on signals is used"), mode === "model");
    }
  }
});

Deno.test("the files beside the incidents can be recomputed from one another", async () => {
  const dir = await Deno.makeTempDir();
  const at = (name: string) => `${dir}/${name}`;
  await run(await samples("mixed"), {
    mode: "bayes",
    predictionsOut: at("p.csv"),
    summaryOut: at("s.json"),
    confusionOut: at("c.csv"),
  });
  const [head, ...rows] = (await Deno.readTextFile(at("p.csv"))).trim().split("\n").map((line) => line.split(","));
  assertEquals(head?.[2], "predicted_fault_domain");
  const summary = JSON.parse(await Deno.readTextFile(at("s.json")));
  assertEquals(summary.scored, rows.length);
  assertEquals(summary.accuracy, rows.filter((row) => row[2] === row[4]).length / rows.length);
  const [labels, ...matrix] = (await Deno.readTextFile(at("c.csv"))).trim().split("\n").map((line) => line.split(","));
  const hits = matrix.reduce((sum, row, i) => sum + Number(row[1 + i]), 0);
  assertEquals(matrix.map((row) => row[0]), labels!.slice(1));
  assertEquals(hits / rows.length, summary.accuracy);
  await Deno.remove(dir, { recursive: true });
});

Deno.test("input that cannot be used is refused, and says why", async () => {
  const good = await samples("dns_latency");
  const rows: [string, Partial<AttributorOptions>, typeof IoError | typeof UsageError, string][] = [
    ["", {}, IoError, "it is empty"],
    ["\n\n", {}, IoError, "it is empty"],
    ["\x01\x02rubbish", {}, IoError, "not JSON"],
    ['{"schema":"probe_event/v9","ts_unix_nano":1}\n', {}, IoError, 'is of schema "probe_event/v9"'],
    [good.slice(0, -40), {}, IoError, "its last line is cut short"],
    [good, { inputs: [] }, UsageError, "no input is named"],
    [good, { inputs: ["/"] }, IoError, "it is a directory"],
    [good, { inputs: ["/nosuch/file"] }, IoError, "there is no such file"],
    [good, { inputs: ["a.gz", "b"] }, UsageError, "Cannot mix a recording"],
    [good, { summaryOut: "-" }, UsageError, "two things to standard output"],
    [good, { out: "/dev/full" }, IoError, "the disk is full"],
    [good, { summaryOut: "/nosuch/s.json" }, IoError, "the folder does not exist"],
  ];
  for (const [stdin, part, kind, message] of rows) {
    await assertRejects(() => run(stdin, part), kind, message);
  }
  const { lines, stderr } = await run(`not json\n${good}`);
  assert(stderr.includes("1 line refused, the first: standard input, line 1: not JSON"));
  assertEquals(lines.length, 30);
});
