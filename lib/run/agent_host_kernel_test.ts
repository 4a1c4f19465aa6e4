/** What the agent tells of disks and system calls, as documents and as a diagnosis. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { exec } from "../host/exec.ts";
import type { DiagnosisDocument } from "../model/diagnosis.ts";
import type { ProbeEventV1Alpha2 } from "../model/probe_event.ts";
import { validate } from "../report/validate.ts";
import { AGENT_DEFAULTS } from "../testing/agent_defaults.ts";
import { agentReady } from "../testing/agent_ready.ts";
import { type FakeIo, fakeIo } from "../testing/fake_io.ts";
import { kernelTest } from "../testing/kernel.ts";
import { type AgentOptions, runAgent } from "./agent.ts";

type Attributes = Readonly<Record<string, unknown>> | undefined;

const SYNCS = 4;
const BYTES = 300;

/** Under the eyes of an agent: four programs, each writes 300 single bytes and syncs its file once. */
async function load(file: string, change: Partial<AgentOptions>, io: FakeIo): Promise<void> {
  const running = runAgent({ ...AGENT_DEFAULTS, metricsBind: "127.0.0.1:0", comm: "dd", ...change }, io);
  await agentReady(io);
  for (let i = 0; i < SYNCS; i++) {
    await exec("dd", "if=/dev/zero", `of=${file}`, "bs=1", `count=${BYTES}`, "conv=fsync", "status=none");
  }
  io.abort();
  assertEquals(await running, 0, io.stderr);
}

async function withFile<T>(test: (file: string) => Promise<T>): Promise<T> {
  const file = await Deno.makeTempFile({ dir: "/var/tmp", prefix: "sloctl-agent-" });
  try {
    return await test(file);
  } finally {
    await Deno.remove(file);
  }
}

kernelTest("every call and every request of a target is in one document, alone or in a histogram", async () => {
  await withFile(async (file) => {
    const io = fakeIo();
    await load(file, { output: "stdout" }, io);
    const documents = io.stdout.trim().split("\n").map((line) => JSON.parse(line) as ProbeEventV1Alpha2);
    for (const document of documents) assertEquals(validate("probe-event/v1alpha2", document), []);
    const of = (signal: string, call?: string) =>
      documents.filter((one) =>
        one.signal === signal && (call === undefined || (one.attributes as Attributes)?.call === call)
      );
    const occurrences = (some: readonly ProbeEventV1Alpha2[]) =>
      some.reduce((sum, { histogram }) => sum + (histogram?.counts.reduce((a, b) => a + b, 0) ?? 1), 0);

    assertEquals(occurrences(of("syscall_latency_ms", "write")), SYNCS * BYTES);
    assertEquals(occurrences(of("syscall_latency_ms", "fsync")), SYNCS);
    for (const { histogram, value, process } of documents) {
      assertEquals(process?.comm, "dd");
      if (histogram === undefined) continue;
      assertEquals(histogram.counts.length, histogram.bounds.length + 1);
      assert(value >= 0);
    }
    const disk = of("disk_io_latency_ms");
    assert(disk.length > 0, "no block request");
    for (const { attributes } of disk) assertMatch(String((attributes as Attributes)?.device), /^[a-z]\w+/);
  });
});

kernelTest("the diagnosis has them by name; without a target it says why there are no system calls", async () => {
  await withFile(async (file) => {
    const [target, everybody] = [fakeIo(), fakeIo()];
    await load(file, { json: true }, target);
    assertEquals(await runAgent({ ...AGENT_DEFAULTS, forMs: 200, json: true }, everybody), 0, everybody.stderr);
    const document = JSON.parse(target.stdout) as DiagnosisDocument;
    assertEquals(validate("diagnosis/v1", document), []);
    const count = (what: string) =>
      document.observed.filter((row) => row.what === what).reduce((sum, row) => sum + row.count, 0);
    assertEquals([count("write"), count("fsync")], [SYNCS * BYTES, SYNCS]);
    assert(document.coverage.attached.includes("syscall_latency"));

    const { coverage } = JSON.parse(everybody.stdout) as DiagnosisDocument;
    const row = coverage.missing.find(({ probe }) => probe === "syscall_latency_ms");
    assert(row?.by_choice && /no target was named/.test(row.reason), JSON.stringify(coverage.missing));
  });
});
