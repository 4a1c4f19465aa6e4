/**
 * What a server's answer says and when: bytes with stamps in, instants, tokens and an outcome out. The states of a request on the
 * wire are headers -> streaming -> finishing -> done; what happens before (connecting) belongs to the connection.
 *
 * A stamp is that of the read that completed what it marks. Pure but for its own state.
 */
import type { Outcome } from "../model/request_record.ts";
import { errorOf, parseChunk } from "./chunk.ts";
import { Content } from "./content.ts";
import { HttpError, type ResponseHead, ResponseReader } from "./http_response.ts";
import { KeptBody } from "./kept_body.ts";
import { SseError, SseReader } from "./sse.ts";

/** How a body is to be read: as OpenAI chunks, or as whatever it is. */
export type Api = "chat" | "completions" | "plain";

/** Why a request did not end well; `type` is one of a few words or the server's own. */
export interface Failure {
  readonly type: string;
  readonly detail: string | null;
}

/** Bytes one event may have, and how much of a body that is no stream is looked at. */
export const MOST_EVENT = 1 << 20;
/** Bytes of a body that are kept when the answer was an error. */
const KEPT_BODY = 4096;
const CANCELS = new Set(["cancelled", "stopped"]);

export type ReplyState = "headers" | "streaming" | "finishing" | "done";

export class Reply {
  readonly #api: Api;
  readonly #http: ResponseReader;
  readonly content: Content;
  #head: ResponseHead | null = null;
  #sse: SseReader | null = null;
  #body: KeptBody | null = null;
  #atNs = 0;
  #eventsInRead = 0;
  /** `[DONE]` was read. */
  #done = false;
  /** The failure is what the server said, not what the connection did: never `incomplete`. */
  #told = false;
  /** The server sent more than its answer: the connection is out of step. */
  #surplus = false;

  state: ReplyState = "headers";
  /** Set once; then nothing more is read. */
  failure: Failure | null = null;
  hNs: number | null = null;
  coalesced = 0;
  lateBytes = 0;
  bytes = 0;

  /** @param keepText for a tokenizer @param bodiless the answer to a HEAD */
  constructor(api: Api, keepText = false, bodiless = false) {
    this.#api = api;
    this.content = new Content(keepText);
    this.#http = new ResponseReader({
      onHead: (head) => this.#onHead(head),
      onBody: (bytes, from, to) => this.#onBody(bytes, from, to),
    }, bodiless);
  }

  get status(): number {
    return this.#head?.status ?? 0;
  }

  get bodyComplete(): boolean {
    return this.#http.done;
  }

  /** The connection may be used again. */
  get reusable(): boolean {
    return this.#http.done && this.#http.keepAlive && !this.#surplus && (this.failure === null || this.#told);
  }

  get comments(): number {
    return this.#sse?.comments ?? 0;
  }

  header(name: string): string | undefined {
    return this.#head?.headers.get(name);
  }

  /** The beginning of what an answer said that was an error. */
  get errorBody(): string | undefined {
    return this.#body === null || this.failure === null || this.#body.empty ? undefined : this.#body.text(KEPT_BODY);
  }

  /** The body is complete, or nothing more is wanted. */
  get over(): boolean {
    return this.state === "done" || this.failure !== null && !this.#draining;
  }

  /** Takes the first `length` bytes, read at `atNs`. Afterwards `over` says whether there is more to wait for. */
  read(bytes: Uint8Array, length: number, atNs: number): void {
    this.#atNs = atNs;
    this.#eventsInRead = 0;
    this.bytes += length;
    try {
      const used = this.#http.read(bytes, length);
      this.#surplus ||= used < length;
      if (this.failure === null) this.lateBytes += length - used;
    } catch (error) {
      if (error instanceof HttpError) this.fail("bad_http", error.message);
      else if (error instanceof SseError) this.#refuse(error.type, error.message);
      else throw error;
    }
    if (this.#http.done) this.#finish();
  }

  /** The connection ended, by `failure` or in order (null). */
  end(failure: Failure | null): void {
    if (this.over) return;
    if (failure === null && this.#http.end()) return this.#finish();
    if (failure !== null) this.fail(failure.type, failure.detail);
    else if (this.#http.untouched) this.fail("closed_before_response", "the server closed without an answer");
    else this.fail("truncated", `the connection ended in the middle of the ${this.#head === null ? "head" : "body"}`);
  }

  /** Ends it for a reason outside the answer: a timeout, a cancel, the connection. The first reason stands. */
  fail(type: string, detail: string | null): void {
    this.failure ??= { type, detail };
    this.state = "done";
  }

  /** What became of it, once `over`, and what is odd about that. */
  outcome(): { readonly outcome: Outcome; readonly failure: Failure | null; readonly flags: readonly string[] } {
    const { failure } = this;
    if (failure === null) {
      const odd = this.#sse !== null && this.#api !== "plain" && !this.#done;
      return { outcome: "ok", failure, flags: odd ? ["no_done"] : [] };
    }
    if (CANCELS.has(failure.type)) return { outcome: "cancelled", failure, flags: [] };
    if (this.#told) return { outcome: "err", failure, flags: [] };
    // After [DONE] the answer is whole; that the body never ended is the connection's affair.
    if (this.#done) return { outcome: "ok", failure: null, flags: ["body_not_ended"] };
    return { outcome: this.content.tNs.length > 0 ? "incomplete" : "err", failure, flags: [] };
  }

  /** After an answer that is an error we read on to its end, so that the connection lives. */
  get #draining(): boolean {
    return this.#told && this.#body !== null && this.state !== "done" && this.bytes <= MOST_EVENT;
  }

  /** The server's answer itself is the failure. */
  #refuse(type: string, detail: string | null): void {
    if (this.failure !== null) return;
    this.failure = { type, detail };
    this.#told = true;
  }

  #onHead(head: ResponseHead): void {
    this.#head = head;
    this.hNs = this.#atNs;
    this.state = "streaming";
    const type = head.headers.get("content-type") ?? "";
    const encoding = head.headers.get("content-encoding") ?? "identity";
    const fine = this.#api === "plain" ? head.status >= 200 && head.status < 300 : head.status === 200;
    if (!fine) {
      const location = head.headers.get("location");
      this.#refuse(`http_${head.status}`, location === undefined ? null : `to ${location}`);
      this.#body = new KeptBody(KEPT_BODY);
    } else if (encoding.toLowerCase() !== "identity") {
      this.#refuse("content_encoding", `the answer is ${encoding}, which was not asked for`);
    } else if (/^text\/event-stream\b/i.test(type)) {
      this.#sse = new SseReader((name, data) => this.#onEvent(name, data), MOST_EVENT);
    } else if (this.#api !== "plain" && /\bjson\b/i.test(type)) {
      this.#body = new KeptBody(MOST_EVENT);
    }
  }

  #onBody(bytes: Uint8Array, from: number, to: number): void {
    if (this.#done) this.lateBytes += to - from;
    else if (this.#sse !== null && this.failure === null) this.#sse.read(bytes, from, to);
    else if (this.#body !== null) this.#body.add(bytes.subarray(from, to));
  }

  #onEvent(name: string, data: string): void {
    if (this.failure !== null || data === "") return; // an empty one is as good as a comment
    if (this.#done) {
      this.lateBytes += data.length;
      return;
    }
    if (this.#eventsInRead++ > 0) this.coalesced++;
    if (data === "[DONE]") {
      this.#done = true;
      this.state = "finishing";
      return;
    }
    const chunk = parseChunk(data);
    if (name === "error" || chunk?.error !== undefined && chunk.error !== null) {
      const { type, detail } = errorOf(chunk?.error, data);
      this.#refuse(type, detail);
    } else if (chunk?.choices === undefined && this.#api === "plain") this.content.takePlain(data, this.#atNs);
    else if (chunk === null) this.#refuse("bad_json", `an event is no JSON object: ${data.slice(0, 80)}`);
    else if (!this.content.take(chunk, this.#atNs)) {
      this.#refuse("second_choice", "the stream holds more than one choice");
    } else if (this.content.finishReason !== null) this.state = "finishing";
  }

  #finish(): void {
    if (this.state === "done") return;
    const cut = this.#sse !== null && this.#api !== "plain" && !this.#done && this.content.finishReason === null;
    if (this.failure === null && cut) {
      this.failure = { type: "no_finish", detail: "the stream ended without finish_reason and without [DONE]" };
    } else if (this.failure === null && this.#body !== null && !this.#body.full) this.#readWhole(this.#body.text());
    this.state = "done";
  }

  /** A JSON answer that is no stream: it counts tokens, and it may hold an error. */
  #readWhole(text: string): void {
    const chunk = parseChunk(text);
    if (chunk === null) this.#refuse("bad_json", `the answer is no JSON object: ${text.slice(0, 80)}`);
    else if (chunk.error !== undefined && chunk.error !== null) {
      const { type, detail } = errorOf(chunk.error, text);
      this.#refuse(type, detail);
    } else if (!this.content.takeWhole(chunk)) {
      this.#refuse("second_choice", "the answer holds more than one choice");
    }
  }
}
