/** Two agents at once, one that ends early, and a reader that stands still until the ring is full. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { exec } from "../host/exec.ts";
import { processStartTicks } from "../host/process_start.ts";
import type { DiagnosisDocument } from "../model/diagnosis.ts";
import { validate } from "../report/validate.ts";
import { AGENT_DEFAULTS } from "../testing/agent_defaults.ts";
import { agentReady } from "../testing/agent_ready.ts";
import { fakeIo } from "../testing/fake_io.ts";
import { kernelTest } from "../testing/kernel.ts";
import { ownCurl } from "../testing/own_curl.ts";
import { serving } from "../testing/serving.ts";
import { delay } from "../testing/watched.ts";
import { runAgent } from "./agent.ts";
import { watchKernel } from "./watch.ts";

/** It says there when it is ready. */
const ASKED = { metricsBind: "127.0.0.1:0" };

kernelTest("two agents at once count the same; that one ends leaves the other whole", async () => {
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, () => new Response("ok"));
  await using curl = await ownCurl();
  const url = `http://127.0.0.1:${server.addr.port}/`;
  const [short, long] = [fakeIo(), fakeIo()];
  const options = { ...AGENT_DEFAULTS, ...ASKED, comm: curl.comm, output: "stdout" };
  const [shortRun, longRun] = [runAgent(options, short), runAgent(options, long)];
  for (const io of [short, long]) await agentReady(io);
  for (let i = 0; i < 10; i++) await exec(curl.path, "-s", url);
  await delay(100);
  short.abort();
  await shortRun;
  for (let i = 0; i < 7; i++) await exec(curl.path, "-s", url);
  await delay(100);
  long.abort();
  await longRun;

  const counts = (text: string) => {
    const lines = text.trim().split("\n").map((line) => JSON.parse(line) as { signal: string });
    const of = (signal: string) => lines.filter((line) => line.signal === signal).length;
    return [of("connect_latency_ms"), of("stream_ttft_ms")];
  };
  assertEquals([counts(short.stdout), counts(long.stdout)], [[10, 10], [17, 17]]);
  for (const { stderr } of [short, long]) assertStringIncludes(stderr, "none lost");
});

const TURNS = 8000;
/**
 * On SIGUSR2 to and fro on one connection, then the end. Each turn is told `first` and `end`, by both ends: four records. No more than
 * 4000 a second, so that both ends together stay under what is told one by one.
 */
const CHATTER = `
  const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  setInterval(() => {}, 1000); // neither a listener nor a signal keeps it alive
  Deno.addSignalListener("SIGUSR2", async () => {
    const [client, server] = await Promise.all([Deno.connect(listener.addr), listener.accept()]);
    const byte = new Uint8Array(1);
    for (let i = 0; i < ${TURNS}; i++) {
      await client.write(byte); await server.read(byte);
      await server.write(byte); await client.read(byte);
      if (i % 40 === 39) await new Promise((resolve) => setTimeout(resolve, 10));
    }
    client.close();
    server.close();
    Deno.exit();
  });
  console.log(listener.addr.port);`;

/** Has it talk while this whole process, and the reader of the ring in it, stands still; then waits until it has ended. */
async function talkUnheard(pid: number): Promise<void> {
  Deno.kill(pid, "SIGUSR2");
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2000);
  while (processStartTicks(pid) !== null) await delay(50);
}

kernelTest("a reader that stands still: the ring fills, and every lost record is counted for its signal", async () => {
  await using talker = await serving([Deno.execPath(), "eval", CHATTER]);
  let told = 0;
  using watch = watchKernel({ pids: [talker.pid], probes: ["stream"], timers: false, steal: false }, ({ kind }) => {
    if (kind === "exchange") told++;
  });
  await talkUnheard(talker.pid);
  watch.finish();
  const { stream_ttft_ms: lost = 0, ...others } = watch.dropsBySignal();
  assert(lost > 0, "the ring did not overflow");
  assertEquals(told + lost, 4 * TURNS, `${told} told, ${lost} lost`);
  assertEquals(watch.drops().stream, lost + Object.values(others).reduce((sum, n) => sum + n, 0));
});

kernelTest("the agent says what was lost, and is less sure of what it made of the rest", async () => {
  await using talker = await serving([Deno.execPath(), "eval", CHATTER]);
  const [script, person] = [fakeIo(), fakeIo()];
  const running = [
    runAgent({ ...AGENT_DEFAULTS, ...ASKED, json: true, pids: [`${talker.pid}`] }, script),
    runAgent({ ...AGENT_DEFAULTS, ...ASKED, pids: [`${talker.pid}`] }, person),
  ];
  for (const io of [script, person]) await agentReady(io);
  await talkUnheard(talker.pid);
  for (const io of [script, person]) io.abort();
  await Promise.all(running);

  const document = JSON.parse(script.stdout) as DiagnosisDocument;
  assertEquals(validate("diagnosis/v1", document), []);
  const lost = document.drops_by_signal.stream_ttft_ms ?? 0;
  const told = document.events_by_kind.exchange ?? 0;
  assertEquals([lost > 0, lost + told], [true, 4 * TURNS]);
  assert(document.drops >= lost);
  // As sure as a join by process can be, times the share of the probe's records that was not lost.
  const { exchange = 0, gap = 0, unread = 0 } = document.events_by_kind;
  const kept = (exchange + gap + unread) / (exchange + gap + unread + document.drops_by_probe.stream!);
  for (const { confidence } of document.requests) {
    assert(confidence <= 0.9 * kept + 1e-9, `${confidence}, kept ${kept}`);
  }
  assert(document.requests.length > 0);
  assertMatch(person.stdout, /records LOST \(.*stream_ttft_ms \d+/);
});
