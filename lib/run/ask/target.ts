/** Who is asked: a collector by its URL, or the store it wrote. */
import { IoError, UsageError } from "../../model/errors.ts";
import { readBearer } from "../../net/bearer.ts";
import { type ClientTls, clientTls } from "../../net/client_tls.ts";
import type { SchemaName } from "../../model/schema/mod.ts";
import { printable } from "../../report/text.ts";
import { validate } from "../../report/validate.ts";
import { askStore } from "./store_target.ts";

export const DEFAULT_URL = "http://127.0.0.1:4318";

export interface TargetOptions extends ClientTls {
  readonly url: string | undefined;
  /** A collector's folder, read as it is on disk. */
  readonly store?: string | undefined;
  /** Its first line is the token the collector is shown. */
  readonly bearerTokenFile?: string | undefined;
  readonly timeoutMs?: number;
}

/** Somebody who answers the query API. */
export interface Target {
  readonly name: string;
  /**
   * The answer at a path of lib/serve/api.ts, checked against its schema.
   *
   * @param method POST where it is to do something
   * @throws IoError when nobody answers, when what is asked for is not there, or when the answer is not one of this version.
   */
  ask<T>(path: string, schema: SchemaName, method?: "GET" | "POST"): Promise<T>;
}

const PATIENCE_MS = 10_000;
const MOST_BYTES = 64 * 1024 * 1024;

/** @throws UsageError, IoError */
export function openTarget(options: TargetOptions): Target {
  const { url, store, bearerTokenFile, timeoutMs = PATIENCE_MS } = options;
  if (store !== undefined) {
    if (url !== undefined) {
      throw new UsageError("Cannot ask two at once: --url and --store are given", "Give one of them");
    }
    const answer = askStore(store);
    return { name: store, ask: async (path, schema) => checked(store + path, await answer(path), schema) };
  }
  const base = baseUrl(url ?? DEFAULT_URL);
  const headers: Record<string, string> = { accept: "application/json" };
  if (bearerTokenFile !== undefined) headers.authorization = `Bearer ${readBearer(bearerTokenFile)}`;
  const tls = clientTls(options);
  const client = Object.keys(tls).length === 0 ? {} : { client: Deno.createHttpClient(tls) };
  return {
    name: base,
    ask: (path, schema, method = "GET") => ask(base, path, schema, { method, headers, ...client }, timeoutMs),
  };
}

/** What may be printed: user and password may stand in it. */
function withoutUser(url: string): string {
  return url.replace(/\/\/[^/]*@/, "//");
}

/** Without a slash at its end. @throws UsageError */
function baseUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !["http:", "https:"].includes(url.protocol) || url.search !== "" || url.hash !== "") {
    throw new UsageError(`Cannot ask "${text}": it is no http or https URL`, `Write --url ${DEFAULT_URL}`);
  }
  return url.href.replace(/\/+$/, "");
}

async function ask<T>(
  base: string,
  path: string,
  schema: SchemaName,
  how: RequestInit & { readonly client?: Deno.HttpClient },
  timeoutMs: number,
): Promise<T> {
  const url = base + path;
  const shown = printable(withoutUser(url));
  const refuse = (why: string, hint?: string) => new IoError(`Cannot ask "${shown}": ${printable(why)}`, hint);
  let status: number;
  let text: string;
  try {
    const signal = AbortSignal.timeout(timeoutMs);
    const response = await fetch(url, { signal, redirect: "error", ...how });
    status = response.status;
    text = await bounded(response);
  } catch (error) {
    const late = error instanceof DOMException && error.name === "TimeoutError";
    throw refuse(
      late ? `no answer within ${timeoutMs / 1000} s` : reachability(error),
      "Start one with sloctl collector --listen 127.0.0.1:4318, or name it by --url or SLOCTL_URL",
    );
  }
  return checked(url, { status, text }, schema);
}

/** @throws IoError when it is no answer of this version */
function checked<T>(name: string, { status, text }: { status: number; text: string }, schema: SchemaName): T {
  const refuse = (why: string, hint: string) => new IoError(`Cannot ask "${printable(name)}": ${printable(why)}`, hint);
  const body = parsed(text);
  if (status !== 200) {
    const { message } = (body ?? {}) as { readonly message?: unknown };
    if (typeof message !== "string") throw refuse(`it answers ${status}`, "Is it a collector of sloctl?");
    // Of the collector's own refusals the words say all there is to say.
    throw new IoError(
      printable(message),
      status === 401 ? "Give --bearer-token-file FILE: sloctl token make makes one" : undefined,
    );
  }
  const [wrong] = body === undefined ? ["it is not JSON"] : validate(schema, body);
  if (wrong !== undefined) throw refuse(`its answer is not ${schema}: ${wrong}`, "Is it a collector of this version?");
  return body as T;
}

/** @throws RangeError beyond MOST_BYTES */
async function bounded(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > MOST_BYTES) throw new RangeError("the answer is larger than 64 MiB");
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function reachability(error: unknown): string {
  const text = error instanceof Error ? `${error.message} ${error.cause ?? ""}` : String(error);
  if (/refused/i.test(text)) return "nobody listens there";
  if (/dns|lookup|name or service|resolve/i.test(text)) return "its name does not resolve";
  if (/certificate|tls|ssl/i.test(text)) return "its certificate is not trusted, or it does not speak TLS";
  return text.split("\n", 1)[0]!.slice(0, 200);
}
