/** The flags of `sloctl loadgen`. */
import type { Flag } from "./command.ts";

const number = (name: string, help: string, more: Partial<Flag> = {}): Flag => (
  { name, type: "number", placeholder: "N", help, ...more }
);
const whole = (name: string, help: string, more: Partial<Flag> = {}): Flag => (
  { name, type: "integer", placeholder: "N", help, ...more }
);
const text = (name: string, placeholder: string, help: string, more: Partial<Flag> = {}): Flag => (
  { name, type: "string", placeholder, help, ...more }
);
const choice = (name: string, values: readonly string[], help: string, more: Partial<Flag> = {}): Flag => (
  { name, type: "string", values, help, ...more }
);
const yes = (name: string, help: string, more: Partial<Flag> = {}): Flag => ({ name, type: "boolean", help, ...more });

const TARGET: readonly Flag[] = [
  text("target", "URL", "base URL, http or https, such as the one sloctl lab up prints"),
  text("path", "PATH", "added to it", { default: "/v1/chat/completions" }),
  choice("api", ["auto", "chat", "completions", "plain"], "auto: by the path; plain: GET, or POST with --body", {
    default: "auto",
  }),
  text("model", "NAME", "asked for", { default: "lab-small" }),
  text("method", "VERB", "of a plain request"),
  text("body", "TEXT", "of a plain request; of an OpenAI one, a JSON object whose members are added"),
  yes("stream", "ask for a stream; --stream=false for one answer in one piece", { default: true }),
  yes("ignore-eos", "ask for exactly as many tokens as planned (vLLM's extension)"),
  text("prefix", "TEXT", "put before every question: a new one keeps a repeated run out of the server's prefix cache"),
  text(
    "tokenizer",
    "URL",
    "counts tokens where the server tells none: an endpoint such as vLLM's /tokenize, asked after the run",
  ),
  { name: "header", type: "list", whole: true, placeholder: "NAME:VALUE", help: "of every request; may repeat" },
  text("ca", "FILE", "PEM of authorities to trust beside the system's"),
  text("cert-file", "FILE", "PEM of your certificate, for a server that asks for one"),
  text("key-file", "FILE", "its key"),
  yes("insecure", "trust any certificate"),
  choice("transport", ["auto", "net"], "auto: epoll where it can be had (Linux, http), else the runtime's sockets", {
    default: "auto",
  }),
];

const ARRIVALS: readonly Flag[] = [
  choice(
    "profile",
    ["chat_short", "rag_medium", "context_long", "rag_mixed_20rps"],
    "how long requests and answers are, and how many",
    {
      default: "rag_mixed_20rps",
    },
  ),
  choice(
    "arrival",
    ["closed", "constant", "poisson", "gamma", "ramp", "stages"],
    "default: poisson; closed with --concurrency alone",
  ),
  number("rps", "requests a second; default: the profile's"),
  number("duration-sec", "length of the window; default: 10, or the whole trace"),
  number("warmup-sec", "sent before the window, not reported", { default: 0 }),
  number("cooldown-sec", "sent after the window, not reported", { default: 0 }),
  whole("seed", "of the list of requests", { default: 42 }),
  whole("requests", "no more than so many"),
  number("gamma-shape", "of --arrival gamma: 1 is Poisson, below it bursts", { default: 0.25 }),
  number("rps-from", "where --arrival ramp begins; default: a tenth of --rps"),
  choice("ramp", ["linear", "exponential"], "how a rate grows in ramps and stages", { default: "linear" }),
  text("stages", "LIST", "of --arrival stages: DURATION:RPS or DURATION:RPS-RPS, comma-separated"),
  choice("within", ["constant", "poisson", "gamma"], "arrival process within ramps and stages", { default: "poisson" }),
  yes("rescale-gaps", "stretch all gaps so that the last one ends with the run: steadier, no longer Poisson"),
  number("cancel-share", "share of requests the client hangs up on", { default: 0 }),
  number("cancel-after-ms", "so long after sending", { default: 1000 }),
];

const TRACE: readonly Flag[] = [
  text("trace", "FILE", "replay recorded arrivals: Azure CSV, Mooncake JSONL, or a schedule.jsonl"),
  number("time-scale", "2 replays it twice as fast", { default: 1 }),
  choice("spread", ["uniform", "even", "none"], "within a tick of a trace whose clock ticks; default: uniform"),
  number("trace-skip-sec", "trace time left out at its beginning", { default: 0 }),
  whole("max-input", "cut longer questions to so many tokens"),
  whole("max-output", "cut longer answers to so many tokens"),
];

const LIMITS: readonly Flag[] = [
  whole("concurrency", "users of a closed loop; default: 8"),
  number("think-ms", "a user's pause between requests", { default: 0 }),
  whole("connections", "size of the pool, opened before the first request; default: grown ahead of need, 1024 at most"),
  whole("max-in-flight", "an arrival that finds so many is dropped; default: no bound"),
  whole("timeout-ms", "for one request, from its sending", { default: 30_000 }),
  whole("connect-timeout-ms", "for one connection; default: 10000, or --timeout-ms"),
  whole("first-byte-timeout-ms", "default: --timeout-ms"),
  whole("idle-timeout-ms", "between two reads; default: --timeout-ms"),
];

const REPORT: readonly Flag[] = [
  text(
    "slo",
    "FILE",
    "judge the run by an SLO file, a preset (chat, rag, code, llama3.1-8b ...) or a predicate over definition ids",
  ),
  text("objective", "SHARE", "of good requests, for a preset or predicate; default: 0.99"),
  choice(
    "goodput-edges",
    ["sloctl", "vllm", "aiperf", "inference-perf"],
    "whose rules decide at the edges of goodput",
    {
      default: "sloctl",
    },
  ),
  number("max-client-lag-ms", "a client later than this gives no verdict; default: 5 % of the tightest limit"),
  {
    name: "join",
    type: "list",
    placeholder: "FILE",
    help: "spans and kernel events of the same time, joined by trace id (joined.jsonl)",
  },
  text("otlp-endpoint", "URL", "send a span for each request there, once the load is over"),
  text("out", "DIR", "folder for requests, schedule, report and summary"),
  yes("dry-run", "write the list of requests and send nothing"),
  yes("json", "print the report as one JSON document"),
];

export const loadgenFlags: readonly Flag[] = [...TARGET, ...ARRIVALS, ...TRACE, ...LIMITS, ...REPORT];
