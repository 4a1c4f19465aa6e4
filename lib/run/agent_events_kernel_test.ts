/** What becomes of a stream of events whose reader does not keep up. */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { exec } from "../host/exec.ts";
import { IoError } from "../model/errors.ts";
import { AGENT_DEFAULTS } from "../testing/agent_defaults.ts";
import { agentReady } from "../testing/agent_ready.ts";
import { type FakeIo, fakeIo } from "../testing/fake_io.ts";
import { kernelTest } from "../testing/kernel.ts";
import { ownCurl } from "../testing/own_curl.ts";
import { delay } from "../testing/watched.ts";
import { runAgent } from "./agent.ts";

const REQUESTS = 12;

/** Runs the agent on `REQUESTS` requests of a curl of our own. Yields what `runAgent` came to. `said`: where it says what it does. */
async function overRequests(io: FakeIo, change: Partial<typeof AGENT_DEFAULTS>, said = io): Promise<number> {
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, () => new Response("ok"));
  await using curl = await ownCurl();
  const options = { ...AGENT_DEFAULTS, comm: curl.comm, output: "stdout", metricsBind: "127.0.0.1:0" };
  const running = runAgent({ ...options, ...change }, io);
  running.catch(() => {}); // looked at below
  await agentReady(said);
  for (let i = 0; i < REQUESTS; i++) await exec(curl.path, "-s", `http://127.0.0.1:${server.addr.port}/`);
  await delay(100);
  io.abort();
  return await running;
}

kernelTest(
  "a sink that takes nothing: the ring is read all the same, and what was lost is counted and told",
  async () => {
    const io = fakeIo();
    const stuck = { ...io, outSoon: () => new Promise<void>(() => {}), abort: io.abort };
    const error = await assertRejects(() => overRequests(stuck, {}, io), IoError);
    const lost = Number(/nobody took (\d+) events for 2 s/.exec(error.message)?.[1]);
    assert(lost >= 2 * REQUESTS, error.message); // a connect and a first byte each, and what the scheduler did
    assertMatch(io.stderr, new RegExp(`^sloctl: 0 events written, LOST: shutdown ${lost}[;\n]`, "m"));
  },
);

kernelTest("beyond the rate limit documents are lost and counted; those that pass are whole", async () => {
  const io = fakeIo();
  assertEquals(await overRequests(io, { sampling: { events_per_second_limit: 1, burst_limit: 5 } }), 0);
  const lines = io.stdout.trimEnd().split("\n");
  const stampsNs = lines.map((line) => Number(JSON.parse(line).ts_unix_nano));
  const [, written, lost] = /(\d+) events written, LOST: rate_limited (\d+)/.exec(io.stderr) ?? [];
  assertEquals(Number(written), lines.length);
  // The burst, and one more for every second that was told of, however long a busy machine takes for the requests.
  const most = 5 + Math.ceil((Math.max(...stampsNs) - Math.min(...stampsNs)) / 1e9);
  assert(lines.length >= 5 && lines.length <= most, `${io.stderr}, at most ${most}`);
  assert(Number(written) + Number(lost) >= 2 * REQUESTS, io.stderr);
});
