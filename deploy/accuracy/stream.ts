/** stream_gap_ms against curl's trace, socket_wait_ms against a shell that sleeps, stream_ttft_ms of servers against nginx's log. */
import { exec } from "../../lib/host/exec.ts";
import type { SignalName } from "../../lib/model/signals.ts";
import { ahead } from "../../lib/testing/ahead.ts";
import { hasNginx, startNginx } from "../../lib/testing/nginx.ts";
import { delay, median, only, watched } from "../../lib/testing/watched.ts";
import { type Comparison, lacks, type Measurement, repeats } from "./measure.ts";

const WATCH = { probes: ["tls_handshake", "stream"] } as const;
const bytes = (text: string) => new TextEncoder().encode(text);
const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
const ms = (event: { readonly startNs: number; readonly tsNs: number }) => (event.tsNs - event.startNs) / 1e6;

/** Count, median, largest and sum: the last would show one wrong value among many. */
function rows(
  common: Pick<Comparison, "signal" | "what" | "oracle" | "because">,
  ours: readonly number[],
  theirs: readonly number[],
  allowed: number,
): Comparison[] {
  const n = theirs.length;
  const row = { ...common, n, unit: "ms" } as const;
  const { because: _, ...counted } = common;
  return [
    { ...counted, n, stat: "count", unit: "count", ours: ours.length, theirs: n, allowed: 0 },
    { ...row, stat: "median", ours: median(ours), theirs: median(theirs), allowed },
    { ...row, stat: "sum", ours: sum(ours), theirs: sum(theirs), allowed: allowed * n },
  ];
}

/** Pauses between the chunks of an answer, in ms: none so short that one piece coming late would bring it under what is told at all (10 ms). */
const PAUSES = [35, 30, 80, 45, 30, 160, 40];

/** Answers every request in chunks with those pauses between them. */
function pausing(): Deno.TcpListener {
  const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  (async () => {
    for await (const conn of listener) {
      conn.setNoDelay(true);
      await conn.read(new Uint8Array(4096));
      await conn.write(bytes("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nfirst\r\n"));
      for (const [i, pause] of PAUSES.entries()) {
        await delay(pause);
        // The end comes with the last piece: of its own, it would be read late now and then, and look like a pause to curl.
        await conn.write(bytes(i + 1 < PAUSES.length ? "4\r\nnext\r\n" : "4\r\nnext\r\n0\r\n\r\n"));
      }
      await conn.read(new Uint8Array(1));
      conn.close();
    }
  })();
  return listener;
}

/** Milliseconds between the stamps of `curl --trace-time` at which data came. */
function tracedGaps(trace: string): number[] {
  const stamps = [...trace.matchAll(/^(\d+):(\d+):([\d.]+) <= Recv data, (\d+)/gm)]
    .map(([, h, m, s]) => (Number(h) * 3600 + Number(m) * 60 + Number(s)) * 1000);
  return stamps.slice(1).map((at, i) => at - stamps[i]!).filter((gap) => gap >= 5);
}

async function gaps(): Promise<Comparison[]> {
  using server = pausing();
  const { port } = server.addr;
  const theirs: number[] = [];
  const seen = await watched(async () => {
    for (let i = 0; i < repeats(4); i++) {
      const trace = ["--trace-time", "--trace-ascii", "-"];
      theirs.push(
        ...tracedGaps(await exec(...ahead("curl", "-sN", ...trace, "-o", "/dev/null", `http://127.0.0.1:${port}/`))),
      );
    }
  }, WATCH);
  return (["client", "server"] as const).flatMap((role) => {
    const ours = only(
      seen,
      "gap",
      (event) => event.role === role && [event.tuple.srcPort, event.tuple.dstPort].includes(port),
    );
    const what = role === "client" ? "pauses as they came" : "pauses as they were made";
    const because = "curl stamps when it has read, after it was woken up";
    return rows({ signal: "stream_gap_ms", what, oracle: "curl --trace-time", because }, ours.map(ms), theirs, 6);
  });
}

const WAITS_MS = [20, 150, 80];

/** Asks, sleeps once the answer has come, reads it: and says how long it slept by its own clock, in ms. */
const SLOW = `exec 3<>/dev/tcp/127.0.0.1/$1; shift
for ms in "$@"; do echo go >&3
  until read -t 0 -u 3; do sleep 0.002; done; t0=$EPOCHREALTIME; sleep $(printf '0.%03d' $ms); t1=$EPOCHREALTIME
  dd bs=4096 count=1 <&3 >/dev/null 2>&1; echo $(( (\${t1/./} - \${t0/./}) / 10 )); done`;

async function slowReader(): Promise<Comparison[]> {
  using listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const { port } = listener.addr;
  (async () => {
    const conn = await listener.accept();
    while (await conn.read(new Uint8Array(16)) !== null) await conn.write(bytes("x".repeat(100)));
    conn.close();
  })();
  const waits = Array.from({ length: repeats(12) }, (_, i) => `${WAITS_MS[i % WAITS_MS.length]}`);
  let theirs: number[] = [];
  const seen = await watched(async () => {
    theirs = (await exec("bash", "-c", SLOW, "bash", `${port}`, ...waits)).trim().split("\n").map((n) =>
      Number(n) / 100
    );
  }, WATCH);
  const ours = only(seen, "unread", ({ role, tuple }) => role === "client" && tuple.dstPort === port);
  const because =
    "the shell looks every 2 ms whether bytes have come before it sleeps, and has to start dd before it can read them";
  return rows(
    { signal: "socket_wait_ms", what: "a reader that sleeps", oracle: "bash", because },
    ours.map(ms),
    theirs,
    40,
  );
}

const LATE_MS = 60;

async function servers(): Promise<Comparison[]> {
  await using late = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async () => {
    await delay(LATE_MS);
    return new Response("late");
  });
  await using nginx = await startNginx({ upstream: late.addr.port });
  const n = repeats(15);
  const seen = await watched(async () => {
    for (let i = 0; i < n; i++) await exec("curl", "-so", "/dev/null", `http://127.0.0.1:${nginx.http}/late`);
  }, WATCH);
  const log = await nginx.log();
  const turns = (role: "client" | "server", port: number) =>
    only(seen, "exchange", (event) =>
      event.phase === "first" && event.role === role && event.owner.comm === "nginx" &&
      (role === "server" ? event.tuple.srcPort : event.tuple.dstPort) === port)
      .map(({ requestStart, responseStart }) => (responseStart!.ns - requestStart.ns) / 1e6);
  const because = "its clock is that of its event loop, in whole milliseconds, and runs until the answer is out";
  const common = { signal: "stream_ttft_ms" as SignalName, because };
  const seconds = (column: number) => log.map((line) => Number(line[column]) * 1000);
  return [
    ...rows(
      { ...common, what: "nginx answers", oracle: "nginx $request_time" },
      turns("server", nginx.http),
      seconds(1),
      8,
    ),
    ...rows(
      { ...common, what: "nginx asks", oracle: "nginx $upstream_header_time" },
      turns("client", late.addr.port),
      seconds(2),
      8,
    ),
  ];
}

export const streams: Measurement = {
  name: "stream_gap_ms, socket_wait_ms, stream_ttft_ms",
  needs: () => lacks("curl") ?? lacks("bash") ?? hasNginx(),
  measure: async () => [...await servers(), ...await gaps(), ...await slowReader()],
};
