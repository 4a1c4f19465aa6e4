import { assert, assertEquals, assertRejects } from "@std/assert";
import { IoError } from "../model/errors.ts";
import { AGENT_DEFAULTS } from "../testing/agent_defaults.ts";
import { fakeIo } from "../testing/fake_io.ts";
import { validate } from "../report/validate.ts";
import { type AgentOptions, runAgent } from "./agent.ts";
import { dumpName } from "./flight_recorder.ts";

const input = new URL("../../fixtures/recordings/dns_latency.jsonl.gz", import.meta.url).pathname;

async function out(part: Partial<AgentOptions>): Promise<string> {
  const io = fakeIo();
  assertEquals(await runAgent({ ...AGENT_DEFAULTS, source: "replay", input, ...part }, io), 0);
  return io.stdout;
}

Deno.test("a recorded demo replays as a diagnosis, as documents and as rows, without rights", async () => {
  const document = JSON.parse(await out({ json: true }));
  assertEquals(validate("diagnosis/v1", document), []);
  assert(document.findings.some(({ kind }: { kind: string }) => kind === "dns_latency_ms"), "the injected fault");
  const lines = (await out({ output: "stdout", filter: "dns and value>100" })).trimEnd().split("\n");
  assert(lines.length > 20 && lines.every((line) => JSON.parse(line).signal === "dns_latency_ms"));
  for (const line of lines) assertEquals(validate("probe-event/v1alpha2", JSON.parse(line)), []);
  const rows = (await out({ follow: ["connect"], count: 5 })).trimEnd().split("\n");
  assertEquals([rows.length, rows[0]?.slice(0, 4)], [6, "TIME"]);
});

Deno.test("what is no recording is refused", async () => {
  const path = await Deno.makeTempFile();
  try {
    await assertRejects(() => out({ input: path }), IoError, "Cannot read recording");
    await assertRejects(() => out({ input: `${path}.none` }), IoError, "Cannot read recording");
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("a dump that nobody named gets a time and a reason; one that was named keeps its name and ending", () => {
  const at = new Date("2026-01-02T03:04:05.678Z");
  const table: [string | undefined, string][] = [
    [undefined, "sloctl-flight-20260102T030405Z-SIGUSR2.jsonl.gz"],
    ["/var/x.jsonl.gz", "/var/x-20260102T030405Z-SIGUSR2.jsonl.gz"],
    ["/var/a.b/x", "/var/a.b/x-20260102T030405Z-SIGUSR2.jsonl.gz"],
    ["x.gz", "x-20260102T030405Z-SIGUSR2.gz"],
  ];
  for (const [dump, name] of table) assertEquals(dumpName(dump, "SIGUSR2", at), name);
});
