/** Requests estimated without spans against their client: how many there were, how soon they were answered, what a slow model adds. */
import { runAgent } from "../../lib/run/agent.ts";
import { makeTls } from "../../lib/lab/tls_material.ts";
import type { DiagnosisDocument, MovedRequests } from "../../lib/model/diagnosis.ts";
import { mean } from "../../lib/stats/describe.ts";
import { AGENT_DEFAULTS } from "../../lib/testing/agent_defaults.ts";
import { fakeIo } from "../../lib/testing/fake_io.ts";
import { type Asked, askGateway, plainGateway } from "../../lib/testing/gateway.ts";
import { delay, median } from "../../lib/testing/watched.ts";
import { type Comparison, lacks, type Measurement } from "./measure.ts";

const QUICK_MS = 30;
const SLOW_MS = 160;
/** The model is asked a little later than the gateway. */
const ON_THE_WAY_MS = 10;
/** The later ones slow; an odd number, so that there is one in the middle. */
const ASKED = [...Array<number>(24).fill(QUICK_MS), ...Array<number>(29).fill(SLOW_MS)];

/** Of these very requests: how much longer the model took, by its own clock, while they were slow. */
function modelAdded(asked: readonly Asked[], moved: MovedRequests): number {
  const between = (from: string, to: string) =>
    mean(
      asked.filter(({ modelAtMs }) => modelAtMs >= Date.parse(from) && modelAtMs <= Date.parse(to) + ON_THE_WAY_MS)
        .map(({ modelMs }) => modelMs),
    );
  return between(moved.from, moved.to) - between(moved.quieter.from, moved.quieter.to);
}

async function estimated(): Promise<Comparison[]> {
  const folder = await Deno.makeTempDir({ prefix: "sloctl-requests-" });
  try {
    await using plain = await plainGateway(null);
    await using tls = await plainGateway(await makeTls(folder, "localhost", "127.0.0.1"));
    const io = fakeIo();
    const seen = delay(1000).then(() => Promise.all([plain, tls].map((gateway) => askGateway(gateway, ASKED))));
    const running = runAgent({ ...AGENT_DEFAULTS, json: true, pids: [plain, tls].map(({ pid }) => `${pid}`) }, io);
    await seen.then(() => delay(100)).finally(() => io.abort());
    await running;
    const { requests } = JSON.parse(io.stdout) as DiagnosisDocument;
    const theirs = await seen;
    return [plain, tls].flatMap(({ port, over }, i): Comparison[] => {
      const row = requests.find(({ local }) => local?.port === port);
      const common = {
        signal: "stream_ttft_ms",
        what: `requests estimated without spans, the model over ${over}`,
        n: ASKED.length,
      } as const;
      return [
        {
          ...common,
          oracle: "curl",
          stat: "count",
          unit: "count",
          ours: row?.count ?? 0,
          theirs: ASKED.length,
          allowed: 0,
        },
        {
          ...common,
          oracle: "curl time_starttransfer - time_pretransfer",
          stat: "median",
          unit: "ms",
          ours: row?.ttft_p50 ?? NaN,
          theirs: median(theirs[i]!.map(({ firstByteMs }) => firstByteMs)),
          allowed: 10,
          because: "curl's time has its own wake-up in it",
        },
        {
          ...common,
          what: `what a slow model over ${over} adds, as label provider`,
          oracle: "the model's own clock",
          stat: "mean",
          unit: "ms",
          ours: row?.moved?.split.excess.provider ?? NaN,
          theirs: row?.moved ? modelAdded(theirs[i]!, row.moved) : NaN,
          allowed: 0.15 * (SLOW_MS - QUICK_MS),
          because: "the wait seen from the gateway has the way there and back in it, and the model's wait for a CPU",
        },
      ];
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

export const requests: Measurement = {
  name: "requests estimated without spans",
  needs: () => lacks("curl") ?? lacks("openssl"),
  measure: estimated,
};
