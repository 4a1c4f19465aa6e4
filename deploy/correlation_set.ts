/**
 * Writes fixtures/correlation: `deno task correlation-set` makes labelled_pairs.jsonl of constructed pairs and of the
 * committed recording, and live_untraced.jsonl of the recording with the ids taken off; the same bytes each time. With `--in-flight` (as root) it runs the lab with 32 requests in flight on the gateway's one
 * event loop, and writes in_flight_32.jsonl from that. Both then write the numbers of docs/correlation.md.
 */
import { SelfChild } from "../lib/host/child.ts";
import { sleep } from "../lib/host/sleep.ts";
import { startLab } from "../lib/lab/lab.ts";
import type { KernelEvent } from "../lib/model/kernel_event.ts";
import type { Span } from "../lib/model/span.ts";
import { replay } from "../lib/run/demo/recorded.ts";
import { watchKernel } from "../lib/run/watch.ts";
import { serveOtlp } from "../lib/serve/otlp.ts";
import { constructedPairs } from "./correlation/constructed.ts";
import { livePairs, type Run } from "./correlation/live.ts";
import { correlationTables } from "./correlation/page.ts";
import type { Pair } from "./correlation/pairs.ts";
import { replaceBlock } from "./bench/page.ts";

const PAGE = new URL("../docs/correlation.md", import.meta.url);
const FOLDER = new URL("../fixtures/correlation/", import.meta.url);
const IN_FLIGHT = 32;
const SECONDS = 6;

/** The set, and beside it what of the recording is joined once the ids are taken off the signals. */
export async function labelledPairs(): Promise<{ readonly labelled: string; readonly untraced: string }> {
  const { data } = await replay(new URL("../fixtures/recordings/dns_latency.jsonl.gz", import.meta.url));
  const [traced, untraced] = [true, false].map((wanted) =>
    livePairs(data, { name: "live", most: 24 }).filter(({ subset }) => (subset === "live_trace") === wanted)
  );
  return { labelled: lines([...constructedPairs(), ...traced!]), untraced: lines(untraced!) };
}

function lines(pairs: readonly Pair[]): string {
  return pairs.map((pair) => `${JSON.stringify(pair)}\n`).join("");
}

async function inFlight(): Promise<Run> {
  const events: KernelEvent[] = [];
  const spans: Span[] = [];
  await using stack = new AsyncDisposableStack();
  const otlpEndpointOnHost = async (hostname: string) => {
    const sink = { spans: (batch: readonly Span[]) => void spans.push(...batch) };
    const receiver = stack.use(await serveOtlp({ hostname, port: 0, sink }));
    return `http://${hostname}:${receiver.port}/v1/traces`;
  };
  const lab = stack.use(await startLab({ otlpEndpointOnHost }, () => {}));
  const watch = stack.use(
    watchKernel({ cgroupPaths: [lab.services.gateway.cgroup], timers: false }, (event) => void events.push(event)),
  );
  const out = await Deno.makeTempDir();
  stack.defer(() => Deno.remove(out, { recursive: true }));
  const load = stack.use(
    new SelfChild([
      ..."loadgen --path /v1/chat/completions --model lab-small --warmup-sec 2 --seed 42".split(" "),
      ...["--target", lab.gatewayUrl, "--concurrency", `${IN_FLIGHT}`, "--duration-sec", `${SECONDS}`, "--out", out],
    ]),
  );
  for await (const _line of load.lines()) { /* until it is done */ }
  await sleep(1000, new AbortController().signal);
  watch.finish();
  // Only what the load generator says it sent: its ids are the truth.
  const sent = (await Deno.readTextFile(`${out}/requests.jsonl`)).split("\n").filter(Boolean).map((line) =>
    JSON.parse(line)
  );
  const ids = new Set(sent.map(({ trace_id }) => trace_id));
  const { anchor } = watch.clocks;
  return {
    events,
    spans: spans.filter(({ traceId }) => ids.has(traceId)),
    anchor: { monotonicNs: anchor.monotonicNs, unixNs: anchor.unixNs },
  };
}

if (import.meta.main) {
  await Deno.mkdir(FOLDER, { recursive: true });
  if (Deno.args.includes("--in-flight")) {
    const pairs = livePairs(await inFlight(), { name: "in_flight", most: 6 });
    await Deno.writeTextFile(new URL("in_flight_32.jsonl", FOLDER), lines(pairs));
  } else {
    const { labelled, untraced } = await labelledPairs();
    await Deno.writeTextFile(new URL("labelled_pairs.jsonl", FOLDER), labelled);
    await Deno.writeTextFile(new URL("live_untraced.jsonl", FOLDER), untraced);
  }
  await Deno.writeTextFile(PAGE, replaceBlock(await Deno.readTextFile(PAGE), await correlationTables(), "correlation"));
  await new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", PAGE.pathname] }).output();
}
