/** A collector that listens inside a test, on ports of its own. */
import type { SloEvent } from "../model/slo_event.ts";
import { collector, type CollectorOptions } from "../run/collector.ts";
import { IN_MEMORY } from "../run/collector/open_store.ts";
import { SEND_NOTHING } from "../run/send_options.ts";
import { type FakeIo, fakeIo } from "./fake_io.ts";
import { until } from "./until.ts";

export const COLLECTOR_OPTIONS: CollectorOptions = {
  inputs: [],
  out: "-",
  listen: "127.0.0.1:0",
  listenGrpc: "127.0.0.1:0",
  metricsBind: "127.0.0.1:0",
  tlsCert: undefined,
  tlsKey: undefined,
  clientCa: undefined,
  insecureListen: false,
  store: IN_MEMORY,
  tracker: null,
  sloFile: null,
  version: "0.0.0",
  send: SEND_NOTHING,
  count: 0,
  objectives: { ttftMs: 150 },
  windowMs: 200,
  place: { cluster: "c1", namespace: "", workload: "", service: "" },
};

export interface RunningCollector {
  readonly io: FakeIo;
  /** Without a slash at the end. */
  readonly http: string;
  readonly grpc: string;
  readonly metrics: string;
  readonly events: () => SloEvent[];
  /** Stops it; its exit code. */
  readonly end: () => Promise<number>;
}

export async function startCollector(part: Partial<CollectorOptions> = {}, stdin = ""): Promise<RunningCollector> {
  const io = fakeIo({ stdin });
  let over: unknown;
  const running = collector({ ...COLLECTOR_OPTIONS, ...part }, io);
  running.catch((error) => over = error);
  await until(() => io.stderr.includes("OTLP at") || over !== undefined, "the collector to listen");
  if (over !== undefined) throw over;
  const found = (pattern: RegExp) => pattern.exec(io.stderr)?.[1] ?? "";
  return {
    io,
    http: found(/OTLP at (\S+)\/v1/),
    grpc: found(/grpc:\/\/(\S+?);/),
    metrics: found(/metrics at (\S+?);/),
    events: () => io.stdout.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line)),
    end: () => {
      io.abort();
      return running;
    },
  };
}
