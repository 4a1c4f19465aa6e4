/** Whose event it is, when the process is gone before anyone looks, and when its pid is somebody else's by then. */
import { assert, assertEquals } from "@std/assert";
import { exec } from "../host/exec.ts";
import { ProcessTable, startTicksOf } from "../host/process.ts";
import { processStartTicks } from "../host/process_start.ts";
import type { KernelEvent, Owner } from "../model/kernel_event.ts";
import { kernelTest } from "../testing/kernel.ts";
import { ownCurl } from "../testing/own_curl.ts";
import { delay, only, watched } from "../testing/watched.ts";
import { openIdentity } from "./agent_identity.ts";
import { watchKernel } from "./watch.ts";

const LAST_PID = "/proc/sys/kernel/ns_last_pid";

/** Answers at once, or after `?ms=`. */
function serve(): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    await delay(Number(new URL(request.url).searchParams.get("ms") ?? 0));
    return new Response("ok");
  });
}

kernelTest("processes that live for 20 ms: every connect and every request of theirs, each its own owner", async () => {
  await using server = serve();
  await using curl = await ownCurl();
  const url = `http://127.0.0.1:${server.addr.port}/?ms=10`;
  const seen = await watched(async () => {
    for (let i = 0; i < 12; i++) await exec(curl.path, "-s", url);
  }, { comm: curl.comm });
  const connects = only(seen, "connect");
  const firsts = only(seen, "exchange", ({ phase, role }) => phase === "first" && role === "client");
  assertEquals([connects.length, firsts.length, seen.lost], [12, 12, 0]);
  const key = ({ pid, startNs }: Owner) => `${pid}@${startNs}`;
  assertEquals(new Set(connects.map(({ owner }) => key(owner))).size, 12);
  assertEquals(firsts.map(({ owner }) => key(owner)), connects.map(({ owner }) => key(owner)));
  for (const { owner } of connects) assert(owner.comm === curl.comm && owner.cgroupId > 0n);
});

kernelTest(
  "a process that is killed in the middle of a request: told as it ended, its own, and nothing is left waiting",
  async () => {
    await using server = serve();
    await using curl = await ownCurl();
    const events: KernelEvent[] = [];
    using watch = watchKernel({ timers: false, steal: false, comm: curl.comm }, (event) => void events.push(event));
    const args = ["-s", `http://127.0.0.1:${server.addr.port}/?ms=1500`];
    const child = new Deno.Command(curl.path, { args, stdout: "null" }).spawn();
    const waiting = () => watch.unanswered().requests.count;
    for (let i = 0; i < 100 && waiting() === 0; i++) await delay(20);
    assertEquals(waiting(), 1, "the request is on its way");
    child.kill("SIGKILL");
    await child.status;
    await delay(200);
    assertEquals(waiting(), 0);
    watch.finish();
    const turns = events.filter((event) => event.kind === "exchange");
    assertEquals(turns.map(({ phase, role, responseStart }) => [phase, role, responseStart]), [[
      "end",
      "client",
      null,
    ]]);
    const connects = events.filter(({ kind }) => kind === "connect");
    assertEquals(connects.map(({ owner }) => owner.startNs), [turns[0]!.owner.startNs]);
    assertEquals(turns[0]!.owner.pid, child.pid);
  },
);

kernelTest(
  "executables: of processes that are gone, of each program that one process is, as /proc says where it can",
  async () => {
    await using server = serve();
    await using curl = await ownCurl();
    const url = `http://127.0.0.1:${server.addr.port}/`;
    const owners: [Owner, number][] = [];
    using watch = watchKernel(
      { timers: false, steal: false, comm: curl.comm },
      (event) => void (event.kind === "connect" && owners.push([event.owner, event.tsNs])),
    );
    const identity = await openIdentity({ kubelet: "off" });
    identity.watching(watch);
    await exec(curl.path, "-s", url);
    // One process, first a shell, then another program, which still runs.
    const script = `${curl.path} -s ${url}; exec ${curl.path} -s '${url}?ms=1500'`;
    const child = new Deno.Command("sh", { args: ["-c", script], stdout: "null" }).spawn();
    for (let i = 0; i < 100 && owners.length < 3; i++) {
      await delay(20);
      watch.flush();
    }
    const exes = owners.map(([owner, tsNs]) => identity.identities.of(owner, tsNs)?.exe);
    assertEquals(exes, [curl.path, curl.path, curl.path]);
    assertEquals(watch.images.of(child.pid)?.exe, await Deno.readLink(`/proc/${child.pid}/exe`));
    const shell = identity.identities.of(owners[2]![0], watch.images.of(child.pid)!.sinceNs - 1);
    assertEquals(shell?.exe, undefined, "what it was before is not told by what it is");
    await child.status;
  },
);

kernelTest("an owner's start is the start time of /proc", async () => {
  await using server = serve();
  const seen = await watched(async () => {
    await (await fetch(`http://127.0.0.1:${server.addr.port}/`)).text();
  }, { pids: [Deno.pid] });
  const starts = new Set(seen.events.map(({ owner }) => startTicksOf(owner.startNs ?? 0)));
  assertEquals([...starts], [processStartTicks(Deno.pid)]);
});

/** Starts `argv` with a pid of our choice: the kernel gives out the next free one after ns_last_pid. */
const WITH_PID = `
want=$1; shift; n=0
while [ $n -lt 300 ]; do
  echo $((want - 1)) > ${LAST_PID}
  sh -c '[ $$ = "$0" ] || exit 77; exec "$@"' "$want" "$@"; code=$?
  [ $code = 77 ] || exit $code
  n=$((n + 1))
done
exit 78`;

kernelTest("a pid that is used again: an old event never gets the new process's exe or cgroup", async () => {
  await using server = serve();
  await using other = await ownCurl();
  const url = `http://127.0.0.1:${server.addr.port}/`;
  const owners: Owner[] = [];
  using watch = watchKernel(
    { timers: false },
    (event) => void (event.kind === "connect" && owners.push(event.owner)),
  );
  const child = new Deno.Command("curl", { args: ["-s", url], stdout: "null" }).spawn();
  const { pid } = child;
  await child.status;
  const again = exec("sh", "-c", WITH_PID, "sh", `${pid}`, other.path, "-s", `${url}?ms=1500`);
  const mine = () => owners.filter((owner) => owner.pid === pid);
  for (let i = 0; i < 100 && mine().length < 2; i++) await delay(20);
  watch.flush();
  // Only now does anyone look: the first process is gone, the second one runs under its pid.
  const [first, second] = mine();
  assertEquals([first?.comm, second?.comm], ["curl", other.comm]);
  assertEquals(new ProcessTable().get(pid)?.exe, other.path);
  const { identities } = await openIdentity();
  assertEquals(identities.of(first!)?.exe, undefined);
  assertEquals(identities.of(second!)?.exe, other.path);
  await again;
}, { needs: () => writable(LAST_PID) ? null : `this kernel has no ${LAST_PID}` });

function writable(path: string): boolean {
  try {
    Deno.openSync(path, { write: true }).close();
    return true;
  } catch {
    return false;
  }
}
