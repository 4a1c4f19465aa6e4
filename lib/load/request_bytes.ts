/** A request as bytes, ready to write: head, ids, and the question of its arrival. */
import { random } from "../stats/random.ts";
import type { Arrival } from "./arrival.ts";
import type { RequestBytes } from "./exchange.ts";
import type { RequestMaker } from "./ready.ts";
import type { Api } from "./reply.ts";
import { type Part, question } from "./words.ts";

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
/** Requests are cut from slabs: one allocation for many. */
const SLAB = 256 * 1024;

export function requestMaker(shape: RequestShape): RequestMaker {
  const stream = random(shape.traceKey);
  const hex = (words: number) => {
    let text = "";
    for (let i = 0; i < words; i++) text += stream.uint32().toString(16).padStart(8, "0");
    return /^0+$/.test(text) ? `${text.slice(1)}1` : text;
  };
  const head = encoder.encode(fixedHead(shape));
  const body = shape.api === "plain" ? plainBody(shape.body) : openAiBody(shape);
  let slab = new Uint8Array(0);
  let at = 0;
  const ids = () => ({ traceId: hex(4), spanId: hex(2) });
  const make = (arrival: Arrival): RequestBytes => {
    const { traceId, spanId } = ids();
    const parts = body(arrival);
    let size = 0;
    for (const part of parts) size += part.length;
    const length = size > 0 || shape.method !== "GET" ? `content-length: ${size}\r\n` : "";
    const own = `traceparent: 00-${traceId}-${spanId}-01\r\n${length}\r\n`;
    const total = head.length + own.length + size;
    if (at + total > slab.length) {
      slab = new Uint8Array(Math.max(SLAB, total));
      at = 0;
    }
    const begin = at;
    const put = (part: Part) => {
      if (typeof part === "string") encoder.encodeInto(part, slab.subarray(at));
      else slab.set(part, at);
      at += part.length;
    };
    put(head);
    put(own);
    for (const part of parts) put(part);
    return { bytes: slab.subarray(begin, at), traceId, spanId };
  };
  return { make, ids };
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

function plainBody(text: string): () => readonly Part[] {
  const parts = text === "" ? [] : [encoder.encode(text)];
  return () => parts;
}

function openAiBody({ api, model, stream, extra, prefix }: RequestShape): (arrival: Arrival) => readonly Part[] {
  const members = { model, stream, ...(stream && { stream_options: { include_usage: true } }), ...extra };
  const rest = encoder.encode(JSON.stringify(members).slice(1));
  const [open, close] = api === "chat" ? ['{"messages":[{"role":"user","content":"', '"}],'] : ['{"prompt":"', '",'];
  const begin = encoder.encode(open + JSON.stringify(prefix === "" ? "" : `${prefix} `).slice(1, -1));
  const limited = "max_tokens" in extra || "max_completion_tokens" in extra;
  return (arrival) => [
    begin,
    ...question(arrival),
    limited ? close : `${close}"max_tokens":${arrival.n_out},`,
    rest,
  ];
}
