/** The load tools we compare with, where they are installed: how each is called, and where it says what it measured. */
import { quantile } from "../../lib/stats/describe.ts";
import { timed } from "./timed.ts";

export interface Peer {
  readonly name: string;
  /** As it says itself; `not installed` where it is not. */
  readonly version: () => Promise<string>;
  /** Open loop at a rate: its own time to first byte (or to the end, where it knows no other), ms, and its CPU time. */
  readonly atRate?: (url: string, rate: number, seconds: number, folder: string) => Promise<{
    readonly ttfb: { readonly p50: number; readonly p99: number };
    readonly cpuMs: number;
  }>;
  /** Requests a second, 50 at a time. */
  readonly closed?: (url: string, folder: string) => Promise<number>;
  /** What it reports of a run in which the server stood still for a while. */
  readonly stalled?: (url: string, rate: number, seconds: number, folder: string) => Promise<{
    readonly reported: readonly { readonly name: string; readonly ms: number }[];
    readonly sent?: number;
  }>;
  /** Time to first byte of each of n requests over one connection, ms. */
  readonly oneByOne?: (url: string, n: number, folder: string) => Promise<number[]>;
}

async function version(argv: readonly string[], pattern: RegExp): Promise<string> {
  try {
    const { stdout, stderr } = await new Deno.Command(argv[0]!, { args: argv.slice(1), stdin: "null" }).output();
    const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    return pattern.exec(text)?.[0].replace(/\s+/g, " ") ?? argv[0]!;
  } catch {
    return "not installed";
  }
}

const UNIT_MS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000, m: 60_000 };

const wrk: Peer = {
  name: "wrk",
  version: () => version(["wrk", "-v"], /wrk \S+/),
  closed: async (url, folder) => {
    const { stdout } = await timed(["wrk", "-t1", "-c50", "-d3s", `${url}/short`], folder);
    return Number(/Requests\/sec:\s*([\d.]+)/.exec(stdout)?.[1] ?? NaN);
  },
  // It has no rate: 50 connections, each sending when its last answer is over.
  stalled: async (url, _rate, seconds, folder) => {
    const { stdout } = await timed(["wrk", "-t1", "-c50", `-d${seconds}s`, "--latency", `${url}/short`], folder);
    const [, value, unit] = /99%\s+([\d.]+)(us|ms|s|m)/.exec(stdout) ?? [];
    return { reported: [{ name: "latency p99, closed loop", ms: Number(value) * UNIT_MS[unit!]! }] };
  },
};

/** Rows of its CSV: start, DNS, DNS and dial-up, response delay, duration, bytes, status; seconds. */
async function oha(url: string, rate: number, seconds: number, folder: string, flags: readonly string[]) {
  const file = `${folder}/oha.csv`;
  const fixed = ["--no-tui", "-c", "50", "-q", `${rate}`, "-z", `${seconds}s`, "--output-format", "csv", "-o", file];
  const { cpuMs } = await timed(["oha", ...fixed, ...flags, `${url}/short`], folder);
  const rows = (await Deno.readTextFile(file)).trim().split("\n").slice(1).map((line) => line.split(",").map(Number));
  return { cpuMs, ms: (column: number) => rows.map((row) => 1000 * row[column]!), sent: rows.length };
}

const ohaPeer: Peer = {
  name: "oha",
  version: () => version(["oha", "--version"], /oha \S+/),
  atRate: async (url, rate, seconds, folder) => {
    const { cpuMs, ms } = await oha(url, rate, seconds, folder, []);
    const values = ms(DURATION);
    return { cpuMs, ttfb: { p50: quantile(values, 0.5), p99: quantile(values, 0.99) } };
  },
  closed: async (url, folder) => {
    const { stdout } = await timed(["oha", "--no-tui", "-c", "50", "-z", "3s", `${url}/short`], folder);
    return Number(/Requests\/sec:\s*([\d.]+)/.exec(stdout)?.[1] ?? NaN);
  },
  stalled: async (url, rate, seconds, folder) => {
    const plain = await oha(url, rate, seconds, folder, []);
    return {
      reported: [{ name: "duration p99, from send", ms: quantile(plain.ms(DURATION), 0.99) }],
      sent: plain.sent,
    };
  },
};
const DURATION = 4;

const K6_SCRIPT = (url: string, rate: number, seconds: number) => `
import http from "k6/http";
export const options = {
  scenarios: { load: { executor: "constant-arrival-rate", rate: ${rate}, timeUnit: "1s", duration: "${seconds}s",
    preAllocatedVUs: 100, maxVUs: 600 } },
  summaryTrendStats: ["p(50)", "p(99)"],
};
export default function () { http.get("${url}/short"); }
`;

async function k6(url: string, rate: number, seconds: number, folder: string) {
  const [script, summary] = [`${folder}/k6.js`, `${folder}/k6.json`];
  await Deno.writeTextFile(script, K6_SCRIPT(url, rate, seconds));
  const { cpuMs } = await timed(
    ["k6", "run", "--quiet", "--no-usage-report", "--summary-export", summary, script],
    folder,
  );
  const { metrics } = JSON.parse(await Deno.readTextFile(summary));
  return { cpuMs, metrics };
}

const k6Peer: Peer = {
  name: "k6",
  version: () => version(["k6", "version"], /k6 v[\d.]+/),
  atRate: async (url, rate, seconds, folder) => {
    const { cpuMs, metrics } = await k6(url, rate, seconds, folder);
    const waiting = metrics.http_req_waiting;
    return { cpuMs, ttfb: { p50: waiting["p(50)"], p99: waiting["p(99)"] } };
  },
  stalled: async (url, rate, seconds, folder) => {
    const { metrics } = await k6(url, rate, seconds, folder);
    return {
      reported: [{ name: "http_req_duration p99", ms: metrics.http_req_duration["p(99)"] }],
      sent: metrics.http_reqs.count,
    };
  },
};

const curl: Peer = {
  name: "curl",
  version: () => version(["curl", "--version"], /curl \S+/),
  oneByOne: async (url, n, folder) => {
    const targets = Array.from({ length: n }, () => ["-o", "/dev/null", `${url}/short`]).flat();
    const format = "%{time_starttransfer} %{time_pretransfer}\n";
    const { stdout } = await timed(["curl", "-s", "-w", format, ...targets], folder);
    return stdout.trim().split("\n").map((line) => {
      const [first, sent] = line.split(" ").map(Number);
      return 1000 * (first! - sent!);
    });
  },
};

export const PEERS: readonly Peer[] = [ohaPeer, k6Peer, wrk, curl];
