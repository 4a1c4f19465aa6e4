/**
 * Every setting of toolkit.yaml, declared once: its type, its default, the flag and the environment variable that go before
 * the file. Checking, precedence and --print-config all read this table. Pure.
 */

import { SIGNAL_NAMES } from "./signal_names.ts";

export type Value = string | number | boolean | readonly string[];

export interface Field {
  /** `webhook.timeout_ms`: the key's place in the file. */
  readonly path: string;
  readonly type: "string" | "integer" | "number" | "boolean" | "list";
  readonly default: Value;
  /** The default while developing: SLOCTL_PROFILE=development. */
  readonly developmentDefault?: Value;
  readonly help: string;
  /** The only values allowed; of a list, for each item. */
  readonly values?: readonly string[];
  readonly min?: number;
  readonly max?: number;
  /** The text is a URL over HTTP, or empty. */
  readonly url?: boolean;
  /** Never printed. `<path>_file` names a file that holds it. */
  readonly secret?: boolean;
  /** Name of the flag that sets it, on the commands that have it. */
  readonly flag?: string;
}

const sampling: readonly Field[] = [
  {
    path: "sampling.events_per_second_limit",
    type: "integer",
    default: 10_000,
    min: 1,
    help: "events a second that are let through",
  },
  { path: "sampling.burst_limit", type: "integer", default: 20_000, min: 1, help: "events at once above that rate" },
];

const otlp: readonly Field[] = [
  { path: "otlp.endpoint", type: "string", default: "", url: true, flag: "otlp-endpoint", help: "where OTLP goes" },
  {
    path: "otlp.timeout_ms",
    type: "integer",
    default: 10_000,
    min: 1,
    flag: "otlp-timeout-ms",
    help: "patience with the OTLP receiver, in ms",
  },
  {
    path: "otlp.headers",
    type: "string",
    default: "",
    secret: true,
    help: "sent with every request: name=value,name=value; otlp.headers_file names a file that holds it",
  },
  {
    path: "otlp.compression",
    type: "string",
    default: "none",
    values: ["none", "gzip"],
    help: "of what is sent over OTLP",
  },
  {
    path: "otlp.ca_file",
    type: "string",
    default: "",
    help: "PEM file of authorities trusted beside the public ones, by the OTLP exporter and the webhook",
  },
  {
    path: "otlp.client_cert_file",
    type: "string",
    default: "",
    help: "PEM file of the certificate shown to a receiver that asks for one",
  },
  { path: "otlp.client_key_file", type: "string", default: "", help: "its key" },
];

const spool: readonly Field[] = [
  {
    path: "spool.directory",
    type: "string",
    default: "",
    flag: "spool",
    help: "where what cannot be sent yet is kept over a restart; empty: in memory",
  },
  {
    path: "spool.max_mb",
    type: "integer",
    default: 256,
    min: 1,
    help: "most it may hold, in MB; then the oldest goes",
  },
];

const webhook: readonly Field[] = [
  { path: "webhook.enabled", type: "boolean", default: false, help: "send incidents" },
  { path: "webhook.url", type: "string", default: "", url: true, flag: "webhook-url", help: "where incidents go" },
  {
    path: "webhook.secret",
    type: "string",
    default: "",
    secret: true,
    flag: "webhook-secret",
    help: "key that signs what is sent; webhook.secret_file names a file that holds it",
  },
  {
    path: "webhook.format",
    type: "string",
    default: "generic",
    values: ["generic", "pagerduty", "opsgenie"],
    flag: "webhook-format",
    help: "shape of the message",
  },
  {
    path: "webhook.timeout_ms",
    type: "integer",
    default: 5_000,
    min: 1,
    flag: "webhook-timeout-ms",
    help: "patience with the receiver, in ms",
  },
];

/** Who may reach the collector, and how. */
const secured: readonly Field[] = [
  { path: "tls.cert", type: "string", default: "", flag: "tls-cert", help: "PEM certificate the collector shows" },
  { path: "tls.key", type: "string", default: "", flag: "tls-key", help: "file of its key" },
  {
    path: "tls.client_ca",
    type: "string",
    default: "",
    flag: "client-ca",
    help: "PEM file: only clients with a certificate signed by it",
  },
  {
    path: "cap.token_file",
    type: "string",
    default: "",
    flag: "token-file",
    help: "who may do what at the collector, a line a token; empty: whoever reaches the port",
  },
  {
    path: "cap.region",
    type: "string",
    default: "",
    flag: "region",
    help: "where the collector is; tokens of another region get 451",
  },
];

/** Those who watch the stream of events. */
const watch: readonly Field[] = [
  { path: "watch.max_clients", type: "integer", default: 256, min: 1, help: "watchers at once; the next gets 503" },
  {
    path: "watch.max_behind",
    type: "integer",
    default: 10_000,
    min: 1,
    help: "a watcher further behind is closed when it reads nothing for a second",
  },
  {
    path: "watch.stall_ms",
    type: "integer",
    default: 10_000,
    min: 100,
    help: "a watcher that is behind at all is closed when it reads nothing for so long",
  },
  { path: "watch.heartbeat_ms", type: "integer", default: 15_000, min: 100, help: "a sign of life after so long" },
];

const cdgate: readonly Field[] = [
  { path: "cdgate.enabled", type: "boolean", default: false, help: "let a roll-out wait for the gate" },
  {
    path: "cdgate.prometheus_url",
    type: "string",
    default: "",
    url: true,
    flag: "prometheus-url",
    help: "where the gate asks",
  },
  {
    path: "cdgate.ttft_p95_ms",
    type: "number",
    default: 800,
    min: 0,
    flag: "ttft-p95-ms",
    help: "most TTFT p95 may be, in ms",
  },
  {
    path: "cdgate.error_rate",
    type: "number",
    default: 0.05,
    min: 0,
    max: 1,
    flag: "error-rate",
    help: "most of the requests that may fail, as a share",
  },
  {
    path: "cdgate.burn_rate",
    type: "number",
    default: 2,
    min: 0,
    flag: "burn-rate",
    help: "most the burn rate may be",
  },
  {
    path: "cdgate.fail_open",
    type: "boolean",
    default: false,
    flag: "fail-open",
    help: "pass when Prometheus cannot be asked",
  },
];

export const FIELDS: readonly Field[] = [
  {
    path: "signal_set",
    type: "list",
    default: [],
    values: SIGNAL_NAMES,
    help: "signals that are watched; empty: all",
  },
  ...sampling,
  {
    path: "correlation.window_ms",
    type: "integer",
    default: 2_000,
    min: 0,
    flag: "window-ms",
    help: "how far apart a span and a kernel event may be, in ms",
  },
  ...otlp,
  ...spool,
  {
    path: "safety.max_overhead_pct",
    type: "number",
    default: 3,
    developmentDefault: 5,
    min: 0,
    max: 100,
    help: "most the agent may cost, in percent of one CPU",
  },
  ...webhook,
  ...secured,
  ...watch,
  ...cdgate,
];

/** `webhook.timeout_ms` -> `SLOCTL_WEBHOOK_TIMEOUT_MS`. */
export function environmentName(path: string): string {
  return `SLOCTL_${path.replaceAll(".", "_").toUpperCase()}`;
}
