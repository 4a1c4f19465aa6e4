/** toolkit.yaml and everything that may override it, as one typed configuration. */
import { readInput } from "../host/read_input.ts";
import { UsageError } from "../model/errors.ts";
import { type FileValue, readConfigText } from "./file.ts";
import { resolve, type Setting, type Sources } from "./resolve.ts";

export { configJson, configTable } from "./print.ts";
export type { Value } from "./fields.ts";
export type { Setting } from "./resolve.ts";

/** The settings by their names in the file. Times in ms, rates per second. */
export interface ToolkitConfig {
  readonly signal_set: readonly string[];
  readonly sampling: { readonly events_per_second_limit: number; readonly burst_limit: number };
  readonly correlation: { readonly window_ms: number };
  readonly otlp: {
    readonly endpoint: string;
    readonly timeout_ms: number;
    readonly headers: string;
    readonly compression: "none" | "gzip";
    readonly ca_file: string;
    readonly client_cert_file: string;
    readonly client_key_file: string;
  };
  readonly spool: { readonly directory: string; readonly max_mb: number };
  readonly safety: { readonly max_overhead_pct: number };
  readonly webhook: {
    readonly enabled: boolean;
    readonly url: string;
    readonly secret: string;
    readonly format: "generic" | "pagerduty" | "opsgenie";
    readonly timeout_ms: number;
  };
  readonly tls: { readonly cert: string; readonly key: string; readonly client_ca: string };
  readonly cap: { readonly token_file: string; readonly region: string };
  readonly watch: {
    readonly max_clients: number;
    readonly max_behind: number;
    readonly stall_ms: number;
    readonly heartbeat_ms: number;
  };
  readonly cdgate: {
    readonly enabled: boolean;
    readonly prometheus_url: string;
    readonly ttft_p95_ms: number;
    readonly error_rate: number;
    readonly burn_rate: number;
    readonly fail_open: boolean;
  };
}

export interface LoadedConfig {
  readonly config: ToolkitConfig;
  /** Every setting with its origin, in the order of the file's description. */
  readonly settings: readonly Setting[];
}

export interface ConfigSources extends Pick<Sources, "env" | "flag"> {
  /** The file to read, `-` being standard input; undefined: SLOCTL_CONFIG, or none. */
  readonly path: string | undefined;
  readonly stdin: ReadableStream<Uint8Array>;
}

const MOST_BYTES = 1024 * 1024;
const MOST_SECRET_BYTES = 64 * 1024;

/**
 * @throws UsageError for bad configuration, naming the line and column, the variable or the flag; IoError for a file that
 * cannot be read.
 */
export async function loadConfig({ path, env, flag, stdin }: ConfigSources): Promise<LoadedConfig> {
  const name = path ?? (env("SLOCTL_CONFIG") || undefined);
  const file = name === undefined
    ? new Map<string, FileValue>()
    : readConfigText(await readInput(name, stdin, MOST_BYTES), name === "-" ? "standard input" : name);
  const settings = resolve({ env, flag, file, secret: readSecret });
  const config = assemble(settings);
  checkTogether(config);
  return { config, settings };
}

/** The file's text without the line break that editors add. */
function readSecret(path: string, from: string): string {
  const refuse = (state: string) =>
    new UsageError(`Cannot use "${from}": ${state}`, "Name a file that holds the secret and nothing else");
  try {
    if (Deno.statSync(path).size > MOST_SECRET_BYTES) throw refuse(`"${path}" is too large for a secret`);
    const text = Deno.readTextFileSync(path).replace(/\r?\n$/, "");
    if (text === "") throw refuse(`"${path}" is empty`);
    return text;
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw refuse(`"${path}" cannot be read (${error instanceof Error ? error.name : error})`);
  }
}

function assemble(settings: readonly Setting[]): ToolkitConfig {
  const config: Record<string, unknown> = {};
  for (const { field, value } of settings) {
    const [group, key] = field.path.split(".") as [string, string?];
    if (key === undefined) config[group] = value;
    else config[group] = { ...config[group] as Record<string, unknown> | undefined, [key]: value };
  }
  // The table of fields and this type say the same; a test holds them together.
  return config as unknown as ToolkitConfig;
}

/** What no single value can tell. */
function checkTogether({ webhook, cdgate, sampling }: ToolkitConfig): void {
  if (webhook.enabled && webhook.url === "") {
    throw new UsageError('Cannot use "webhook.enabled": webhook.url is not set', "Set webhook.url, or disable it");
  }
  if (cdgate.enabled && cdgate.prometheus_url === "") {
    throw new UsageError(
      'Cannot use "cdgate.enabled": cdgate.prometheus_url is not set',
      "Set cdgate.prometheus_url, or disable it",
    );
  }
  if (sampling.burst_limit < sampling.events_per_second_limit) {
    throw new UsageError(
      `Cannot use "sampling.burst_limit ${sampling.burst_limit}": it is below events_per_second_limit`,
      `Give ${sampling.events_per_second_limit} or more`,
    );
  }
}
