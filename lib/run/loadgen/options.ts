/** What `sloctl loadgen` was asked for. Undefined: not given, and the default depends on the rest. */
import type { Edges } from "../../load/goodput.ts";
import type { GapProcess } from "../../load/gaps.ts";
import type { Api } from "../../load/reply.ts";
import type { Spread } from "../../load/trace/spread.ts";
import type { LoadProfileName } from "../../model/load_profile.ts";

export const ARRIVALS = ["closed", "constant", "poisson", "gamma", "ramp", "stages"] as const;
export type ArrivalProcess = typeof ARRIVALS[number];

export interface LoadgenOptions {
  /** Base URL. */
  readonly target: string | undefined;
  readonly path: string;
  readonly api: Api | "auto";
  readonly method: string | undefined;
  /** Of a plain request; of an OpenAI one, members added to it as a JSON object. */
  readonly body: string | undefined;
  readonly model: string;
  /** Whether `model` was named by the caller: then the request is an OpenAI one. */
  readonly modelGiven: boolean;
  readonly stream: boolean;
  readonly ignoreEos: boolean;
  readonly prefix: string;
  /** Endpoint that counts the tokens of a text; undefined: none. */
  readonly tokenizer: string | undefined;
  /** `name: value` each. */
  readonly headers: readonly string[];
  /** PEM file. */
  readonly ca: string | undefined;
  /** PEM files of what is shown where the server asks who we are: both or neither. */
  readonly certFile: string | undefined;
  readonly keyFile: string | undefined;
  readonly insecure: boolean;
  readonly transport: "auto" | "net";

  readonly profile: LoadProfileName;
  /** Undefined: the profile's. */
  readonly rps: number | undefined;
  /** Undefined: 10, or the whole trace. */
  readonly durationS: number | undefined;
  readonly warmupS: number;
  readonly cooldownS: number;
  readonly seed: number;
  /** Undefined: poisson, or closed where a concurrency and no rate is given. */
  readonly arrival: ArrivalProcess | undefined;
  readonly gammaShape: number;
  readonly rpsFrom: number | undefined;
  readonly curve: "linear" | "exponential";
  readonly stages: string | undefined;
  /** Of ramps and stages. */
  readonly within: GapProcess;
  readonly rescaleGaps: boolean;
  readonly requests: number | undefined;
  readonly cancelShare: number;
  readonly cancelAfterMs: number;

  readonly trace: string | undefined;
  readonly timeScale: number;
  readonly spread: Spread | undefined;
  readonly traceSkipS: number;
  readonly mostIn: number | undefined;
  readonly mostOut: number | undefined;

  readonly concurrency: number | undefined;
  readonly thinkMs: number;
  readonly connections: number | undefined;
  readonly maxInFlight: number | undefined;

  readonly timeoutMs: number;
  readonly connectTimeoutMs: number | undefined;
  readonly firstByteTimeoutMs: number | undefined;
  readonly idleTimeoutMs: number | undefined;

  /** File, preset or predicate. */
  readonly slo: string | undefined;
  /** Of a preset or predicate. */
  readonly objective: string | undefined;
  readonly edges: Edges;
  readonly clientLagMs: number | undefined;

  /** Telemetry of the same time, to be joined by trace id into joined.jsonl. */
  readonly join: readonly string[];
  /** Where a span for each request goes once the load is over. */
  readonly otlpEndpoint: string | undefined;
  /** Folder; undefined: nothing is written. */
  readonly out: string | undefined;
  readonly dryRun: boolean;
  readonly json: boolean;
  /** Of the program. */
  readonly version: string;
}
