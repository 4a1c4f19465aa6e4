/** A real Prometheus on loopback, its past written before it starts (promtool tsdb create-blocks-from openmetrics). */
import { serving } from "./serving.ts";
import { until } from "./until.ts";

export interface TestPrometheus extends AsyncDisposable {
  readonly url: string;
}

/** Samples of one series: value at `agoS` seconds before now. */
export interface PastSeries {
  /** With its labels: `x_total{a="b"}`. */
  readonly series: string;
  readonly points: readonly { readonly agoS: number; readonly value: number }[];
}

/** A counter that is scraped every `everyS` for the last `forS` seconds and rises evenly from 0 to `to`. */
export function rising(series: string, to: number, { forS = 3900, everyS = 15, endAgoS = 2 } = {}): PastSeries {
  const steps = Math.floor(forS / everyS);
  const points = Array.from({ length: steps + 1 }, (_, i) => ({
    agoS: endAgoS + (steps - i) * everyS,
    value: to * i / steps,
  }));
  return { series, points };
}

export async function prometheusWith(past: readonly PastSeries[]): Promise<TestPrometheus> {
  const dir = await Deno.makeTempDir();
  const nowS = Date.now() / 1000;
  const families = Map.groupBy(past, ({ series }) => series.split("{")[0]!);
  const lines = [...families].flatMap(([name, list]) => [
    `# TYPE ${name} unknown`,
    ...list.flatMap(({ series, points }) =>
      points.map(({ agoS, value }) => `${series} ${value} ${(nowS - agoS).toFixed(3)}`)
    ),
  ]);
  await Deno.writeTextFile(`${dir}/past.txt`, lines.join("\n") + "\n# EOF\n");
  await Deno.writeTextFile(`${dir}/prometheus.yml`, "global: {scrape_interval: 1h}\n");
  const made = await new Deno.Command("promtool", {
    args: ["tsdb", "create-blocks-from", "openmetrics", "--quiet", `${dir}/past.txt`, `${dir}/data`],
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!made.success) throw new Error(`promtool: ${new TextDecoder().decode(made.stderr)}`);
  const port = freePort();
  const server = await serving([
    "prometheus",
    `--config.file=${dir}/prometheus.yml`,
    `--storage.tsdb.path=${dir}/data`,
    `--web.listen-address=127.0.0.1:${port}`,
    "--log.level=error",
  ], { port });
  const url = `http://127.0.0.1:${port}`;
  let ready = false;
  const ask = async () => {
    ready = await fetch(`${url}/-/ready`).then(async (answer) => {
      await answer.body?.cancel();
      return answer.ok;
    }, () => false);
  };
  await until(
    () => {
      if (!ready) ask();
      return ready;
    },
    "Prometheus is ready",
    20_000,
  );
  return {
    url,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await Deno.remove(dir, { recursive: true });
    },
  };
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return (listener.addr as Deno.NetAddr).port;
}
