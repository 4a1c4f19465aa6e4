/** A request as bytes, ready to write: head, ids, and the question of its arrival. */
import { random } from "../stats/random.ts";
import type { Arrival } from "./arrival.ts";
import type { RequestBytes } from "./exchange.ts";
import type { Api } from "./reply.ts";
import { question } from "./words.ts";

export interface RequestShape {
  readonly api: Api;
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  /** Host header: name, and port where it is not the scheme's own. */
  readonly host: string;
  /** Sent as they are; they replace ours of the same name. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly model: string;
  readonly stream: boolean;
  /** Members added to the body of an OpenAI request. */
  readonly extra: Readonly<Record<string, unknown>>;
  /** Of a plain request; empty: none. */
  readonly body: string;
  /** Put before every question, so that a repeated run does not find its prefix in the server's cache. */
  readonly prefix: string;
  /** Trace ids are drawn from it: two runs never share one. */
  readonly traceKey: string;
}

const encoder = new TextEncoder();

/** A function that makes the request of an arrival; called in their order. */
export function requestMaker(shape: RequestShape): (arrival: Arrival) => RequestBytes {
  const stream = random(shape.traceKey);
  const hex = (words: number) => {
    let text = "";
    for (let i = 0; i < words; i++) text += stream.uint32().toString(16).padStart(8, "0");
    return /^0+$/.test(text) ? `${text.slice(1)}1` : text;
  };
  const head = fixedHead(shape);
  const body = shape.api === "plain" ? plainBody(shape.body) : openAiBody(shape);
  return (arrival) => {
    const [traceId, spanId] = [hex(4), hex(2)];
    const parts = body(arrival);
    const size = parts.reduce((sum, part) => sum + part.length, 0);
    const length = size > 0 || shape.method !== "GET" ? `content-length: ${size}\r\n` : "";
    const begin = encoder.encode(`${head}traceparent: 00-${traceId}-${spanId}-01\r\n${length}\r\n`);
    const bytes = new Uint8Array(begin.length + size);
    bytes.set(begin);
    let at = begin.length;
    for (const part of parts) {
      bytes.set(part, at);
      at += part.length;
    }
    return { bytes, traceId, spanId };
  };
}

function fixedHead(shape: RequestShape): string {
  const ours: [string, string][] = [["Host", shape.host], ["User-Agent", "sloctl-loadgen"]];
  ours.push(["Accept", shape.api === "plain" ? "*/*" : shape.stream ? "text/event-stream" : "application/json"]);
  if (shape.api !== "plain") ours.push(["Content-Type", "application/json"]);
  else if (shape.body !== "") {
    ours.push(["Content-Type", /^\s*[{[]/.test(shape.body) ? "application/json" : "text/plain"]);
  }
  const theirs = new Set(shape.headers.map(([name]) => name.toLowerCase()));
  const kept = ours.filter(([name]) => !theirs.has(name.toLowerCase()));
  const lines = [...kept, ...shape.headers].map(([name, value]) => `${name}: ${value}\r\n`);
  return `${shape.method} ${shape.target} HTTP/1.1\r\n${lines.join("")}`;
}

function plainBody(text: string): () => Uint8Array[] {
  const parts = text === "" ? [] : [encoder.encode(text)];
  return () => parts;
}

function openAiBody({ api, model, stream, extra, prefix }: RequestShape): (arrival: Arrival) => Uint8Array[] {
  const members = { model, stream, ...(stream && { stream_options: { include_usage: true } }), ...extra };
  const rest = JSON.stringify(members).slice(1);
  const [open, close] = api === "chat"
    ? [encoder.encode('{"messages":[{"role":"user","content":"'), '"}],']
    : [encoder.encode('{"prompt":"'), '",'];
  const quoted = JSON.stringify(prefix).slice(1, -1);
  return (arrival) => {
    const most = "max_tokens" in extra || "max_completion_tokens" in extra ? "" : `"max_tokens":${arrival.n_out},`;
    return [open, ...question(arrival, quoted), encoder.encode(`${close}${most}${rest}`)];
  };
}
