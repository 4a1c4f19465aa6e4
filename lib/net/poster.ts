/** POST to one URL with every wait and every size bounded. What goes wrong is a value: the caller decides what it means. */
import { UsageError } from "../model/errors.ts";
import { type ClientTls, clientTls } from "./client_tls.ts";
import { retryAfterMs } from "./back_off.ts";

/** Why there was no answer. */
export type Failure = "timeout" | "refused" | "name" | "tls" | "closed" | "too_large" | "stopped";

export type Answer =
  | {
    readonly kind: "answer";
    readonly status: number;
    /** Milliseconds the receiver asks us to wait; null: it does not say. */
    readonly retryAfterMs: number | null;
    readonly contentType: string;
    readonly body: Uint8Array;
  }
  | { readonly kind: "failure"; readonly failure: Failure };

export interface PosterOptions extends ClientTls {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Patience with one try, from the first packet to the last. */
  readonly timeoutMs: number;
}

export interface Poster extends Disposable {
  /** For messages: scheme, host and port. A path or a query may hold a secret. */
  readonly shown: string;
  post(body: Uint8Array<ArrayBuffer>, options?: PostOptions): Promise<Answer>;
}

export interface PostOptions {
  /** Beside those of every request. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** Something below the address, its segments as they are to be read there; and what is asked of it. */
  readonly below?: { readonly segments: readonly string[]; readonly query: Readonly<Record<string, string>> };
}

const MOST_ANSWER_BYTES = 4 * 1024 * 1024;

/** Redirects are not followed: what we send may be signed, and is meant for the one who was named. @throws UsageError, IoError */
export function openPoster({ url, headers = {}, timeoutMs, ...tls }: PosterOptions): Poster {
  const { href, shown, authorization } = target(url);
  const client = Deno.createHttpClient(clientTls(tls));
  return {
    shown,
    post: (body, { headers: more = {}, signal, below } = {}) =>
      exchange(client, below === undefined ? href : addressBelow(href, below), {
        method: "POST",
        headers: { ...authorization, ...headers, ...more },
        body,
      }, {
        timeoutMs,
        signal,
      }),
    [Symbol.dispose]: () => client.close(),
  };
}

function addressBelow(href: string, { segments, query }: NonNullable<PostOptions["below"]>): string {
  const url = new URL(href);
  url.pathname = [url.pathname.replace(/\/+$/, ""), ...segments.map(encodeURIComponent)].join("/");
  for (const [key, value] of Object.entries(query)) url.searchParams.set(key, value);
  return url.href;
}

/** One request and its whole answer. Redirects are not followed. */
export async function exchange(
  client: Deno.HttpClient,
  href: string,
  init: Pick<RequestInit, "method" | "headers" | "body">,
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal?: AbortSignal | undefined },
): Promise<Answer> {
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(href, {
      ...init,
      redirect: "manual",
      signal: signal === undefined ? timeout : AbortSignal.any([timeout, signal]),
      client,
    });
    const answer = await readAtMost(response, MOST_ANSWER_BYTES);
    if (answer === null) return { kind: "failure", failure: "too_large" };
    return {
      kind: "answer",
      status: response.status,
      retryAfterMs: retryAfterMs(response.headers.get("retry-after"), Date.now()),
      contentType: response.headers.get("content-type") ?? "",
      body: answer,
    };
  } catch (error) {
    return { kind: "failure", failure: signal?.aborted ? "stopped" : failureOf(error) };
  }
}

/** An answer in words, for "Cannot send to X: ...". */
export function answerWords(answer: Answer): string {
  return answer.kind === "failure" ? failureWords(answer.failure) : `it answered ${answer.status}`;
}

export function failureWords(failure: Failure): string {
  return FAILURE_WORDS[failure];
}

const FAILURE_WORDS: Readonly<Record<Failure, string>> = {
  timeout: "it did not answer in time",
  refused: "it cannot be reached",
  name: "its name cannot be resolved",
  tls: "its TLS certificate is not trusted, or it speaks no TLS",
  closed: "it closed the connection without an answer",
  too_large: "its answer is over 4 MiB",
  stopped: "we were stopped",
};

/** User and password of a URL travel as an Authorization header, as a browser would send them. @throws UsageError */
export function target(url: string): { href: string; shown: string; authorization: Record<string, string> } {
  const parsed = URL.parse(url);
  if (parsed === null || !/^https?:$/.test(parsed.protocol)) {
    throw new UsageError("Cannot send to that address: it is no http URL", "Give one such as http://127.0.0.1:4318");
  }
  const { username, password } = parsed;
  parsed.username = "";
  parsed.password = "";
  const authorization: Record<string, string> = username === "" && password === ""
    ? {}
    : { authorization: `Basic ${btoa(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`)}` };
  return { href: parsed.href, shown: parsed.origin, authorization };
}

/** null when there is more. */
async function readAtMost(response: Response, most: number): Promise<Uint8Array | null> {
  const parts: Uint8Array[] = [];
  let size = 0;
  if (response.body === null) return new Uint8Array();
  for await (const part of response.body) {
    size += part.length;
    if (size > most) return null; // leaving the loop cancels the rest
    parts.push(part);
  }
  const whole = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** The runtime tells failures apart in prose only, and its prose holds the URL: it is read and never shown. */
function failureOf(error: unknown): Failure {
  if (error instanceof DOMException && error.name === "TimeoutError") return "timeout";
  const { message, cause } = error as Error;
  const text = `${message} ${cause instanceof Error ? cause.message : ""}`;
  if (/certificate|tls|handshake|UnknownIssuer|InvalidContentType/i.test(text)) return "tls";
  if (/dns error|lookup address/i.test(text)) return "name";
  if (/\(Connect\)|refused|unreachable|port \d+ are blocked/i.test(text)) return "refused";
  return "closed";
}
