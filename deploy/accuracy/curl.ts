/** tls_handshake_ms and stream_ttft_ms against curl, over a link that is quiet, loses packets, or swallows every first SYN. */
import type { ExchangeEvent, Owner, TlsEvent, Tuple } from "../../lib/model/kernel_event.ts";
import { ahead } from "../../lib/testing/ahead.ts";
import { makeCertificates } from "../../lib/testing/certificates.ts";
import { Link } from "../../lib/testing/netns.ts";
import { hasNginx, type Nginx, startNginx } from "../../lib/testing/nginx.ts";
import { serving } from "../../lib/testing/serving.ts";
import { median, only, watched } from "../../lib/testing/watched.ts";
import { type Comparison, type Measurement, repeats } from "./measure.ts";

const LATE_MS = 60;
const LATE = `Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: ({ port }) => console.log(port) }, async () => {
  await new Promise((done) => setTimeout(done, ${LATE_MS})); return new Response("late"); });`;

const LOSS = "5 % of packets lost";
const SYN_LOSS = "every first SYN lost";
/** What is done to the link, and how often curl connects. */
const WEATHER: readonly [what: string, times: number][] = [["quiet", 9], [LOSS, 12], [SYN_LOSS, 3]];

interface Timing {
  readonly handshake: number;
  readonly first: number;
}

/** One process, as many connections as URLs: what it says of each but the first, which pays for its own start. */
async function curl(link: Link, n: number, url: string): Promise<Timing[]> {
  const format = "%{time_connect} %{time_appconnect} %{time_pretransfer} %{time_starttransfer}\\n";
  const fresh = ["--http1.1", "--no-sessionid", "-H", "Connection: close"];
  const one = ["--next", "-sk", ...fresh, "-o", "/dev/null", "-w", format, url];
  const text = await link.near.run(...ahead("curl", ...Array.from({ length: n + 1 }, () => one).flat().slice(1)));
  return text.trim().split("\n").slice(1).map((line) => {
    const [connect = NaN, secure = NaN, sent = NaN, first = NaN] = line.split(" ").map((s) => Number(s) * 1000);
    return { handshake: secure - connect, first: first - sent };
  });
}

const because = {
  handshake:
    "curl's figure begins before the library is set up for the connection and ends when curl has been woken up",
  arrived: "curl stamps when it has read, after it was woken up; the probe when the packet arrived",
  read: "the same answers, when curl had read them",
};

async function compare(link: Link, server: Nginx, what: string, n: number): Promise<Comparison[]> {
  const all: Comparison[] = [];
  for (const [scheme, port] of [["http", server.http], ["https", server.https]] as const) {
    if (what === SYN_LOSS && scheme === "http") continue; // a second each, and nothing in it that https does not have
    let theirs: Timing[] = [];
    const seen = await watched(async () => {
      theirs = await curl(link, n, `${scheme}://${Link.FAR}:${port}/late`);
    }, { probes: ["tls_handshake", "stream"], comm: "curl" });
    const netns = await link.near.inode();
    const ours = ({ tuple, owner }: { readonly tuple: Tuple; readonly owner: Owner }) =>
      owner.netns === netns && tuple.dstPort === port;
    const turns = only(seen, "exchange", (event) => event.phase === "first" && ours(event)).slice(1);
    const handshakes = only(seen, "tls", (event) => event.role === "client" && ours(event)).slice(1);
    const until = (end: (turn: ExchangeEvent) => number | undefined) =>
      turns.map((turn) => ((end(turn) ?? NaN) - turn.requestEnd.ns) / 1e6);
    const [arrived, read] = [until((turn) => turn.responseStart?.ns), until((turn) => turn.firstRead?.ns)];
    const first = theirs.map(({ first }) => first);
    all.push(...rows("stream_ttft_ms", `${scheme}, ${what}`, arrived, first, 12, because.arrived));
    // Where the kernel tells when an application reads.
    if (!read.includes(NaN)) {
      all.push(...rows("stream_ttft_ms", `${scheme}, ${what}, read`, read, first, 6, because.read));
    }
    if (scheme === "http") continue;
    const tlsMs = handshakes.map(({ startNs, tsNs }: TlsEvent) => (tsNs - startNs) / 1e6);
    all.push(...rows("tls_handshake_ms", what, tlsMs, theirs.map(({ handshake }) => handshake), 20, because.handshake));
  }
  return all;
}

/** curl's word for a certificate it does not trust. */
const UNTRUSTED = 60;

async function refusals(link: Link, server: Nginx, ca: string): Promise<Comparison> {
  const n = repeats(8);
  let theirs = 0;
  const seen = await watched(async () => {
    for (let i = 0; i < n; i++) {
      const argv = ["curl", "-s", "--cacert", ca, `https://${Link.FAR}:${server.https}/`];
      if ((await link.near.command(argv).output()).code === UNTRUSTED) theirs++;
    }
  }, { probes: ["tls_handshake", "stream"], comm: "curl" });
  const netns = await link.near.inode();
  const failed = only(seen, "tls", ({ owner, failed, role }) => owner.netns === netns && failed && role === "client");
  const what = "an authority curl does not know";
  const signal = "tls_handshake_fail_total";
  return {
    signal,
    what,
    oracle: "curl's exit code",
    n,
    stat: "count",
    unit: "count",
    ours: failed.length,
    theirs,
    allowed: 0,
  };
}

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

/** Count, median, and the sum, which one wrong value would move by more than it may. */
function rows(
  signal: Comparison["signal"],
  what: string,
  ours: readonly number[],
  theirs: readonly number[],
  allowed: number,
  because: string,
): Comparison[] {
  const n = theirs.length;
  const common = { signal, what, oracle: "curl", n } as const;
  return [
    { ...common, stat: "count", unit: "count", ours: ours.length, theirs: n, allowed: 0 },
    { ...common, stat: "median", unit: "ms", ours: median(ours), theirs: median(theirs), allowed, because },
    { ...common, stat: "sum", unit: "ms", ours: sum(ours), theirs: sum(theirs), allowed: 2 * allowed * n, because },
  ];
}

/** Loss is made where packets arrive, so that their sender knows of it only by what does not come back. */
async function weather(link: Link, what: string): Promise<void> {
  for (const [end, port] of [["near", "sport"], ["far", "dport"]] as const) {
    await link[end].tryRun("nft", "delete table ip weather");
    const lost = what === LOSS
      ? "numgen random mod 100 < 5"
      : what === SYN_LOSS && end === "far"
      ? "tcp flags syn numgen inc mod 2 0"
      : null;
    if (lost === null) continue;
    await link[end].rules(
      "add table ip weather",
      "add chain ip weather in { type filter hook input priority 0; }",
      `add rule ip weather in tcp ${port} { 80, 443 } ${lost} drop`,
    );
  }
}

export const curlTimes: Measurement = {
  name: "tls_handshake_ms, stream_ttft_ms",
  needs: hasNginx,
  timeoutMs: 90_000,
  measure: async () => {
    await using link = await Link.make();
    const inside = (argv: readonly string[]) => ["ip", "netns", "exec", link.far.name, ...argv];
    await using late = await serving(inside([Deno.execPath(), "eval", LATE]) as [string, ...string[]]);
    using files = await makeCertificates(["server"]);
    const server = { upstream: late.port, tls: files.of("server"), address: Link.FAR, inside };
    await using nginx = await startNginx(server);
    using strangers = await makeCertificates([]);
    const all = [await refusals(link, nginx, strangers.ca)];
    for (const [what, n] of WEATHER) {
      await weather(link, what);
      all.push(...await compare(link, nginx, what, repeats(n)));
    }
    return all;
  },
};
