/** Wall time is set, and the machine sleeps, while the agent watches: both through a clock of the test's own. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { hostClock } from "../host/clock.ts";
import { exec } from "../host/exec.ts";
import type { Clock } from "../model/clock.ts";
import type { DiagnosisDocument } from "../model/diagnosis.ts";
import { validate } from "../report/validate.ts";
import { AGENT_DEFAULTS } from "../testing/agent_defaults.ts";
import { agentReady } from "../testing/agent_ready.ts";
import { type FakeIo, fakeIo } from "../testing/fake_io.ts";
import { kernelTest } from "../testing/kernel.ts";
import { type OwnCurl, ownCurl } from "../testing/own_curl.ts";
import { delay } from "../testing/watched.ts";
import { runAgent } from "./agent.ts";

const HOUR_NS = 3_600_000_000_000n;
const MINUTE_NS = 60_000_000_000n;

/** The machine's clocks, with wall time set by `setNs`, after having slept for `sleptNs`. */
class MovedClock implements Clock {
  setNs = 0n;
  sleptNs = 0n;

  monotonicNs(): number {
    return hostClock.monotonicNs();
  }

  read() {
    const { unixNs, bootNs, ...rest } = hostClock.read();
    return { ...rest, unixNs: unixNs + this.setNs + this.sleptNs, bootNs: bootNs + Number(this.sleptNs) };
  }
}

/** Three requests, the last of them 2.5 s after the first; the clock moves after the second. */
async function traffic(curl: OwnCurl, io: FakeIo, move: () => void): Promise<void> {
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, () => new Response("ok"));
  const url = `http://127.0.0.1:${server.addr.port}/`;
  await agentReady(io);
  for (let i = 0; i < 2; i++) await exec(curl.path, "-s", url);
  await delay(300);
  move();
  await delay(1700); // more than the second between two readings
  await exec(curl.path, "-s", url);
}

kernelTest("wall time is set an hour back: stamps follow it, durations and counts do not notice", async () => {
  await using curl = await ownCurl();
  const clock = new MovedClock();
  const io = fakeIo();
  const startMs = Date.now();
  const options = {
    ...AGENT_DEFAULTS,
    forMs: 4500,
    metricsBind: "127.0.0.1:0",
    comm: curl.comm,
    output: "stdout",
    clock,
  };
  await Promise.all([runAgent(options, io), traffic(curl, io, () => clock.setNs = -HOUR_NS)]);

  const events = io.stdout.trim().split("\n").map((line) => JSON.parse(line));
  const of = (signal: string) => events.filter((event) => event.signal === signal);
  assertEquals([of("connect_latency_ms").length, of("stream_ttft_ms").length], [3, 3]);
  const hours = of("stream_ttft_ms").map(({ ts_unix_nano }) => Math.round((ts_unix_nano / 1e6 - startMs) / 3_600_000));
  assertEquals(hours, [0, 0, -1]);
  for (const { value, signal, unit } of events) assert(unit !== "ms" || value < 2000, `${signal} ${value}`);
  assertStringIncludes(io.stderr, "the wall clock was set back by 60 min; durations are not affected");
});

kernelTest("the machine sleeps for a minute: no duration contains it, and the diagnosis says so", async () => {
  await using curl = await ownCurl();
  const clock = new MovedClock();
  const io = fakeIo();
  const options = { ...AGENT_DEFAULTS, forMs: 4500, metricsBind: "127.0.0.1:0", comm: curl.comm, json: true, clock };
  await Promise.all([runAgent(options, io), traffic(curl, io, () => clock.sleptNs = MINUTE_NS)]);

  const document = JSON.parse(io.stdout) as DiagnosisDocument;
  assertEquals(validate("diagnosis/v1", document), []);
  const { start, end, seconds } = document.window;
  assert(seconds >= 4.4 && seconds < 30, `${seconds} s were watched`);
  const wallS = (Date.parse(end) - Date.parse(start)) / 1000;
  assert(Math.abs(wallS - seconds - 60) < 0.1, `${wallS} s went by outside`);
  const slept = document.coverage.unprobed.filter(({ what }) => what === "the machine slept for 1 min");
  assertEquals(slept.length, 1, JSON.stringify(document.coverage.unprobed));
  const firsts = document.observed.filter(({ kind }) => kind === "stream_ttft_ms");
  assertEquals(firsts.reduce((sum, { count }) => sum + count, 0), 3);
  for (const row of document.observed) assert(row.max < 20_000, `${row.kind} ${row.max}`);
});
