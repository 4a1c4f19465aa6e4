import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { IoError } from "../lib/model/errors.ts";
import type { Io } from "../lib/model/io.ts";
import { fakeIo } from "../lib/testing/fake_io.ts";
import { COMMANDS } from "./commands.ts";
import { main } from "./main.ts";
import { Stopped } from "./stopped.ts";

/** The contract's row of each of the nine subcommands: flags that scripts already pass. */
const CONTRACT: Readonly<Record<string, string>> = {
  agent: "cluster namespace workload service node pod container count interval-ms for event-kind output output-path " +
    "otlp-endpoint otlp-timeout-ms webhook-url webhook-secret webhook-format webhook-timeout-ms capability-mode " +
    "disable-signals disable-overhead-guard config metrics-bind probe-smoke source event-schema pid comm cgroup trace follow " +
    "fields filter save baseline record dump json k8s-node scenario enable-hello-tracer hello-target-comm " +
    "enable-real-probe-metrics",
  collector:
    "input output output-path otlp-endpoint listen metrics-bind store config k8s-node scenario cluster namespace " +
    "workload service count interval-ms otlp-timeout-ms",
  attributor: "input out summary-out confusion-out attribution-mode config webhook-url webhook-secret webhook-format " +
    "webhook-timeout-ms schema",
  benchgen: "scenario out workload input live runs attribution-mode",
  faultreplay: "scenario count seed out speed",
  faultinject: "scenario count out cluster namespace workload service node real for",
  correlationeval: "input window-ms threshold min-precision min-recall out-json out predictions-out",
  m5gate:
    "candidate-root baseline-root baseline-manifest candidate-ref candidate-commit require-baseline-manifest scenarios " +
    "max-overhead-pct max-variance-pct min-runs ttft-regression-pct alpha bootstrap-iters seed min-samples min-cliffs-delta " +
    "out-json out-md mode profile allow-same-commit",
  loadgen:
    "profile rps concurrency connections max-in-flight duration-sec warmup-sec seed out target path model trace " +
    "time-scale spread arrival timeout-ms header slo dry-run",
};

Deno.test("the nine subcommands of the contract exist, with every flag of their row", () => {
  for (const [name, flags] of Object.entries(CONTRACT)) {
    const command = COMMANDS.find((command) => command.name === name);
    assert(command !== undefined, name);
    const known = new Set(command.flags.map((flag) => flag.name));
    assertEquals(flags.split(" ").filter((flag) => !known.has(flag)), [], name);
    assert(command.permissions !== undefined && command.examples.length > 0, name);
  }
});

/** A world whose standard output goes wrong: the reader leaves after the first line, or the disk is full. */
function brokenIo(how: "closed" | "full", stdin: string): Io & { readonly stderr: string } {
  const io = fakeIo({ stdin });
  let closed = false;
  return Object.create(io, {
    out: {
      value: () => {
        if (how === "full") throw new IoError('Cannot write "standard output": No space left on device');
        if (!closed) io.abort(new Stopped("closed output"));
        closed = true;
      },
    },
  });
}

async function run(line: string, stdin = ""): Promise<{ code: number; stdout: string; stderr: string }> {
  const io = fakeIo({ stdin });
  const code = await main(line.split(" ").filter((word) => word !== ""), io);
  return { code, stdout: io.stdout, stderr: io.stderr };
}

Deno.test("bad input to each of the nine: a defined exit code, one message, nothing on standard output", async () => {
  const dir = await Deno.makeTempDir();
  const file = async (name: string, content: string | Uint8Array<ArrayBuffer>) => {
    await Deno.writeFile(`${dir}/${name}`, typeof content === "string" ? new TextEncoder().encode(content) : content);
    return `${dir}/${name}`;
  };
  const samples = (await run("faultreplay --scenario mixed --count 3")).stdout;
  const raw = (await run("faultinject --scenario mixed --count 3")).stdout;
  const empty = await file("empty", "");
  const rubbish = await file("rubbish", new Uint8Array([0, 255, 254, 1, 10, 7]));
  const cutSamples = await file("cut.jsonl", samples.slice(0, -50));
  const future = await file("future.jsonl", '{"schema":"probe_event/v9","ts_unix_nano":1,"case_id":"x"}\n');
  const emptyYaml = await file("empty.yaml", "");
  const cutYaml = await file("cut.yaml", "name: x\nfault: {");
  const futureYaml = await file("future.yaml", "schema: scenario/v9\nname: x\n");
  const rows: [string, number, string][] = [
    // No arguments. faultinject, benchgen and agent begin to work then: their defaults are complete.
    ["attributor", 2, "no input is named"],
    ["collector", 2, "neither an input nor an address"],
    ["faultreplay", 2, "neither a scenario nor a recording"],
    ["correlationeval", 2, "no labelled pairs are named"],
    ["m5gate", 2, "--candidate-root is missing"],
    ["loadgen", 2, "no target is named"],
    // A directory where a file belongs.
    [`attributor --input ${dir}`, 4, "it is a directory"],
    [`collector --input ${dir}`, 4, "it is a directory"],
    [`correlationeval --input ${dir}`, 4, "it is a directory"],
    [`faultreplay --input ${dir}`, 4, "Cannot read recording"],
    [`faultinject --scenario ${dir}/`, 4, "Cannot read"],
    [`benchgen --scenario ${dir}/`, 4, "Cannot read"],
    [`agent --source synthetic --scenario ${dir}/`, 4, "Cannot read"],
    [`m5gate --candidate-root ${empty} --baseline-root ${dir}`, 4, "it is no folder"],
    // An empty file.
    [`attributor --input ${empty}`, 4, "it is empty"],
    [`collector --input ${empty}`, 4, "it is empty"],
    [`correlationeval --input ${empty}`, 4, "it is empty"],
    [`faultreplay --input ${empty}`, 4, "Cannot read recording"],
    [`faultinject --scenario ${emptyYaml}`, 2, "it is empty"],
    [`benchgen --scenario ${emptyYaml}`, 2, "it is empty"],
    [`agent --source synthetic --scenario ${emptyYaml}`, 2, "it is empty"],
    // A truncated file.
    [`attributor --input ${cutSamples} --out ${dir}/o`, 4, "its last line is cut short"],
    [`correlationeval --input ${cutSamples}`, 4, "Cannot read"],
    [`collector --input ${await file("cutraw.jsonl", raw.slice(0, -50))} --output-path ${dir}/o`, 4, "is cut short"],
    [`faultinject --scenario ${cutYaml}`, 2, "line 2, column"],
    [`benchgen --scenario ${cutYaml}`, 2, "line 2, column"],
    // Binary rubbish.
    [`attributor --input ${rubbish}`, 4, "it is not UTF-8 text"],
    [`collector --input ${rubbish}`, 4, "it is not UTF-8 text"],
    [`correlationeval --input ${rubbish}`, 4, "it is not UTF-8 text"],
    [`faultreplay --input ${rubbish}`, 4, "Cannot read recording"],
    [`faultinject --scenario ${await file("rubbish.yaml", new Uint8Array([0, 255, 254]))}`, 2, "line 1, column 1"],
    // A future schema.
    [`attributor --input ${future}`, 4, "which this version does not know"],
    [`collector --input ${future}`, 4, "which this version does not know"],
    [`correlationeval --input ${future}`, 4, "which this version does not know"],
    [`faultinject --scenario ${futureYaml}`, 2, "Cannot read"],
    // A full disk.
    ["faultinject --count 3 --out /dev/full", 4, "the disk is full"],
    ["faultreplay --scenario mixed --out /dev/full", 4, "the disk is full"],
    ["agent --source synthetic --count 3 --output jsonl --output-path /dev/full", 4, "the disk is full"],
    [`attributor --input ${await file("s.jsonl", samples)} --out /dev/full`, 4, "the disk is full"],
    [`collector --input ${await file("r.jsonl", raw)} --output-path /dev/full`, 4, "the disk is full"],
    ["loadgen --dry-run --out /dev/full", 4, "Cannot write"],
    ["benchgen --out /dev/full", 4, "Cannot write"],
    // Not built yet.
    ["benchgen --live --scenario memory_pressure", 3, "no injector yet"],
    ["faultinject --scenario memory_pressure --real", 3, "no injector yet"],
    // An unknown flag or name.
    ["faultreplay --scenrio mixed", 2, "--scenario"],
    ["faultreplay --scenario mixd", 2, "Use one of: baseline"],
    ["attributor --attribution-mode guess", 2, "model, bayes, rule"],
  ];
  for (const [line, code, message] of rows) {
    const told = await run(line);
    assertEquals([told.code, told.stdout], [code, ""], `${line}\n${told.stderr}`);
    assertStringIncludes(told.stderr, message, line);
  }
  await Deno.remove(dir, { recursive: true });
});

Deno.test("standard output closed or full: ends quietly with 0, or with 4", async () => {
  const samples = (await run("faultreplay --scenario mixed --count 30")).stdout;
  const raw = (await run("faultinject --scenario mixed --count 30")).stdout;
  const pair = JSON.stringify({
    case_id: "a",
    span: { trace_id: "x", timestamp: "2026-01-01T00:00:00Z" },
    signal: { trace_id: "x", timestamp: "2026-01-01T00:00:00Z" },
    expected_match: true,
  });
  const rows: [string, string][] = [
    ["faultinject --count 5000", ""],
    ["faultreplay --scenario mixed --count 5000", ""],
    ["agent --source synthetic --count 5000", ""],
    ["attributor --input -", samples],
    ["collector --input -", raw],
    ["correlationeval --input -", pair],
    ["loadgen --dry-run", ""],
  ];
  for (const [line, stdin] of rows) {
    for (const [how, code] of [["closed", 0], ["full", 4]] as const) {
      const io = brokenIo(how, stdin);
      assertEquals(await main(line.split(" "), io), code, `${line}, ${how}: ${io.stderr}`);
    }
  }
});
