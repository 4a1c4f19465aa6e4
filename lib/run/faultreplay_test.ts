import { assert, assertEquals, assertRejects } from "@std/assert";
import { IoError, UnsupportedError, UsageError } from "../model/errors.ts";
import type { Span } from "../model/span.ts";
import { decodeTraces } from "../otlp/mod.ts";
import { serveOtlp } from "../serve/otlp.ts";
import { scenarioNames } from "../source/scenario_files.ts";
import { fakeIo } from "../testing/fake_io.ts";
import { madeRun } from "../testing/telemetry.ts";
import { record } from "./demo/recorded.ts";
import { faultinject } from "./faultinject.ts";
import { injectScenario, missingInjectors } from "./faultinject_real.ts";
import { loadScenario } from "../source/scenario_files.ts";
import { faultreplay, type FaultreplayOptions } from "./faultreplay.ts";

const replay: FaultreplayOptions = {
  scenario: undefined,
  count: 5,
  seed: undefined,
  out: "-",
  speed: 0,
  input: undefined,
  otlpEndpoint: undefined,
};
const inject = {
  count: 5,
  seed: undefined,
  out: "-",
  place: {},
  real: false,
  forMs: undefined,
  targetCgroup: undefined,
};

Deno.test("faultinject and faultreplay: so many lines for every scenario, the same for the same seed", async () => {
  for (const scenario of scenarioNames()) {
    const write = async (seed: number | undefined) => {
      const [raw, faults] = [fakeIo(), fakeIo()];
      assertEquals(await faultinject({ ...inject, scenario, seed }, raw), 0);
      assertEquals(await faultreplay({ ...replay, scenario, seed }, faults), 0);
      return raw.stdout + faults.stdout;
    };
    const usual = await write(undefined);
    assertEquals(usual.split("\n").length, 11);
    assertEquals(usual.split('"synthetic":true').length, 11);
    assertEquals(await write(42), usual); // the seed of every scenario file
    assert(await write(43) !== usual);
  }
});

/** A recording of spans alone: kernel records need no rights, but a kernel. */
async function recording(): Promise<{ path: string; spans: readonly Span[] }> {
  const { spans } = madeRun({ seconds: 2 });
  const path = await Deno.makeTempFile({ suffix: ".jsonl.gz" });
  const run = {
    mode: "live",
    faultAsked: "none",
    blind: false,
    anchor: { monotonicNs: 0, unixNs: spans[0]!.startNs },
    phases: [],
    events: [],
    spans,
    samples: [],
    coverage: { attached: [], missing: [] },
    drops: {},
    cost: {},
    cgroups: {},
    host: { name: "n1", kernel: "", cpus: 1, arch: "x86_64" },
    provenance: {},
  } as const;
  await record(path, run, [], { fault: "none", intensity: 0, unit: "", description: "", startNs: null, endNs: null });
  return { path, spans };
}

Deno.test("faultreplay --input: a recorded run in its order, to lines or to a collector, at its speed", async () => {
  const { path, spans } = await recording();
  const io = fakeIo();
  assertEquals(await faultreplay({ ...replay, input: path }, io), 0);
  const lines = io.stdout.trim().split("\n").map((line) => JSON.parse(line));
  assertEquals(lines.length, spans.length);
  const ends = lines.map((line) => {
    assertEquals([line.kind, line.replay], ["spans", true]);
    const [span] = decodeTraces(new TextEncoder().encode(JSON.stringify(line.payload)), "json").spans;
    assertEquals(span!.resource.replay, true);
    return span!.endNs;
  });
  assertEquals(ends, [...ends].sort((a, b) => a < b ? -1 : 1));

  const started = performance.now();
  await faultreplay({ ...replay, input: path, speed: 10 }, fakeIo());
  const took = performance.now() - started;
  assert(took > 150, `two seconds at ten times the speed took ${took} ms`);

  const got: Span[] = [];
  await using receiver = await serveOtlp({
    hostname: "127.0.0.1",
    port: 0,
    sink: { spans: (batch) => void got.push(...batch) },
  });
  await faultreplay({ ...replay, input: path, otlpEndpoint: `http://127.0.0.1:${receiver.port}` }, fakeIo());
  assertEquals(got.length, spans.length);
  await Deno.remove(path);
});

Deno.test("faultinject --real: what has no injector says so before anything is touched", async () => {
  assertEquals(missingInjectors(loadScenario("dns_latency")), []);
  for (const name of scenarioNames().filter((name) => missingInjectors(loadScenario(name)).length > 0)) {
    await assertRejects(
      () => faultinject({ ...inject, scenario: name, real: true }, fakeIo()),
      UnsupportedError,
      "no injector yet",
    );
  }
  const io = fakeIo();
  await injectScenario(loadScenario("baseline"), { out: "-", forMs: undefined, targetCgroup: undefined }, io);
  assert(io.stderr.includes("nothing was injected"));
});

Deno.test("faultinject --real: a quota is put on a control group and taken back", async () => {
  const cgroup = await Deno.makeTempDir();
  await Deno.writeTextFile(`${cgroup}/cpu.max`, "max 100000\n");
  const io = fakeIo();
  const running = injectScenario(loadScenario("cpu_throttle"), { out: "-", forMs: 120, targetCgroup: cgroup }, io);
  await new Promise((resolve) => setTimeout(resolve, 60));
  assertEquals(await Deno.readTextFile(`${cgroup}/cpu.max`), "10000 100000");
  await running;
  assertEquals((await Deno.readTextFile(`${cgroup}/cpu.max`)).trim(), "max 100000");
  assertEquals(io.stdout.trim().split("\n").map((line) => JSON.parse(line).event), ["injected", "taken_back"]);
  await Deno.remove(cgroup, { recursive: true });
});

Deno.test("faultinject and faultreplay: bad input", async () => {
  const dir = await Deno.makeTempDir();
  const file = async (name: string, bytes: Uint8Array<ArrayBuffer>) => {
    await Deno.writeFile(`${dir}/${name}`, bytes);
    return `${dir}/${name}`;
  };
  const { path } = await recording();
  const whole = await Deno.readFile(path);
  const rows: [Partial<FaultreplayOptions>, typeof IoError | typeof UsageError, string][] = [
    [{}, UsageError, "neither a scenario nor a recording"],
    [{ scenario: "mixed", input: path }, UsageError, "both a scenario and a recording"],
    [{ scenario: "nosuch" }, UsageError, "there is none of that name"],
    [{ scenario: `${dir}/none.yaml` }, IoError, "Cannot read"],
    [{ scenario: `${dir}/` }, IoError, "Cannot read"],
    [{ scenario: await file("empty.yaml", new Uint8Array()) }, UsageError, "it is empty"],
    [{ scenario: await file("rubbish.yaml", new Uint8Array([0, 255, 1, 254])) }, UsageError, "line 1, column 1"],
    [{ scenario: "mixed", count: 0 }, UsageError, "at least one"],
    [{ scenario: "mixed", speed: -1 }, UsageError, "it is negative"],
    [{ scenario: "mixed", out: "/dev/full" }, IoError, "the disk is full"],
    [{ scenario: "mixed", out: `${dir}/no/such` }, IoError, "the folder does not exist"],
    [{ scenario: "mixed", otlpEndpoint: "http://x" }, UsageError, "they are not spans"],
    [{ input: dir }, IoError, "Cannot read recording"],
    [{ input: await file("empty.gz", new Uint8Array()) }, IoError, "Cannot read recording"],
    [{ input: await file("cut.gz", whole.slice(0, whole.length / 2)) }, IoError, "Cannot read recording"],
    [{ input: await file("rubbish.gz", new Uint8Array([1, 2, 3])) }, IoError, "Cannot read recording"],
    [{ input: path, otlpEndpoint: "nonsense" }, UsageError, "it is no http URL"],
  ];
  for (const [part, kind, message] of rows) {
    await assertRejects(() => faultreplay({ ...replay, ...part }, fakeIo()), kind, message);
  }
  await assertRejects(
    () => faultinject({ ...inject, scenario: "mixed", out: "/dev/full" }, fakeIo()),
    IoError,
    "the disk is full",
  );
  await Deno.remove(dir, { recursive: true });
  await Deno.remove(path);
});
