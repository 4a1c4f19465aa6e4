/** A collector in a process of its own, with a store: to be killed, stopped, traced, or given a bad disk. */
import { selfCommand } from "../host/self.ts";
import type { Span } from "../model/span.ts";
import { encodeTraces } from "../otlp/mod.ts";

export interface CollectorProcess extends AsyncDisposable {
  readonly url: string;
  /** HOST:PORT of gRPC, "" where that is off. */
  readonly grpc: string;
  /** Of the collector itself, also where something runs it. */
  readonly pid: number;
  readonly said: () => string;
  /** Resolves to its exit code. */
  readonly ended: Promise<number>;
  readonly signal: (name: Deno.Signal) => void;
  /** Sends a signal and waits for the end; its exit code. */
  readonly end: (name?: Deno.Signal) => Promise<number>;
  /** Sends spans; the status it answered, 0 where none came. */
  readonly post: (spans: readonly Span[], headers?: Readonly<Record<string, string>>) => Promise<number>;
  readonly health: () => Promise<{ readonly first_seq: number; readonly last_seq: number }>;
}

export interface ProcessOptions {
  readonly dir: string;
  /** HOST:PORT; default: any port of loopback. */
  readonly listen?: string;
  /** HOST:PORT; default: no gRPC. */
  readonly listenGrpc?: string;
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** What runs it: `["strace", "-f", ...]`. */
  readonly under?: readonly string[];
}

/** Resolves when it listens. @throws Error with what it said when it ends before */
export async function startCollector(
  { dir, listen: http = "127.0.0.1:0", listenGrpc = "off", flags = [], env = {}, under = [] }: ProcessOptions,
): Promise<CollectorProcess> {
  const listen = ["--listen", http, "--listen-grpc", listenGrpc, "--store", dir, "--output", "jsonl"];
  const argv = [...under, ...selfCommand(), "collector", ...listen, "--output-path", "/dev/null", ...flags];
  const child = new Deno.Command(argv[0]!, {
    args: argv.slice(1),
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  let text = "";
  let over = false;
  const reading = (async () => {
    for await (const part of child.stderr.pipeThrough(new TextDecoderStream())) text += part;
  })();
  const ended = child.status.then(async ({ code }) => {
    await reading;
    over = true;
    return code;
  });
  for (const deadline = Date.now() + 30_000; !text.includes("OTLP at");) {
    if (over || Date.now() > deadline) {
      if (!over) child.kill("SIGKILL");
      throw new Error(`the collector does not listen: ${text}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const [url] = /http:\/\/[\d.]+:\d+/.exec(text)!;
  const grpc = /grpc:\/\/([\d.:]+\d)/.exec(text)?.[1] ?? "";
  const pid = under.length === 0 ? child.pid : await childOf(child.pid);
  const signal = (name: Deno.Signal) => {
    if (!over) Deno.kill(pid, name);
  };
  const end = (name: Deno.Signal = "SIGINT") => {
    signal(name);
    return ended;
  };
  return {
    url,
    grpc,
    pid,
    said: () => text,
    ended,
    signal,
    end,
    post: (spans, headers = {}) => post(url, spans, headers),
    health: async () => (await (await fetch(`${url}/v1/health`)).json()).store,
    [Symbol.asyncDispose]: async () => void await end("SIGKILL"),
  };
}

async function post(url: string, spans: readonly Span[], headers: Readonly<Record<string, string>>): Promise<number> {
  try {
    const response = await fetch(`${url}/v1/traces`, {
      method: "POST",
      headers: { "content-type": "application/x-protobuf", ...headers },
      body: encodeTraces(spans, "protobuf"),
    });
    await response.body?.cancel();
    return response.status;
  } catch {
    return 0;
  }
}

async function childOf(pid: number): Promise<number> {
  return Number((await Deno.readTextFile(`/proc/${pid}/task/${pid}/children`)).trim().split(" ")[0]);
}

/** Spans no two of which are alike, also from one call to the next. */
export function* distinctSpans(from = 1): Generator<Span, never> {
  for (let i = from;; i++) {
    const id = i.toString(16);
    yield {
      resource: { "service.name": "gw" },
      scope: "t",
      traceId: `c${id.padStart(31, "0")}`,
      spanId: `d${id.padStart(15, "0")}`,
      parentSpanId: "",
      name: "work",
      kind: 1,
      startNs: 1_767_225_600_000_000_000n + BigInt(i) * 1_000_000n,
      endNs: 1_767_225_600_000_500_000n + BigInt(i) * 1_000_000n,
      attributes: { i },
      events: [],
      statusCode: 0,
      statusMessage: "",
    };
  }
}

export function take<T>(from: Iterator<T>, n: number): T[] {
  return Array.from({ length: n }, () => from.next().value as T);
}
