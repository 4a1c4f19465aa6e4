/** Where to and what: the URL resolved to an address, and the shape of every request. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { lookup } from "node:dns/promises";
import { monotonicNs } from "../../host/clock.ts";
import type { Api } from "../../load/reply.ts";
import type { RequestShape } from "../../load/request_bytes.ts";
import type { Endpoint } from "../../load/transport.ts";
import { IoError, UsageError } from "../../model/errors.ts";
import { clientTls } from "../../net/client_tls.ts";
import type { LoadgenOptions } from "./options.ts";

type Pem = { readonly caCerts: readonly string[]; readonly cert: string; readonly key: string };

export interface Target {
  /** For people: without credentials. */
  readonly url: string;
  readonly endpoint: Endpoint;
  readonly shape: RequestShape;
  /** Thresholds that `x-slo-*` headers give each request, by definition id, ms. */
  readonly ownSlo: Readonly<Record<string, number>> | undefined;
  /** How long the name took; null for an address. */
  readonly dnsNs: number | null;
  readonly addresses: readonly string[];
}

/** @throws UsageError, IoError */
export async function targetOf(options: LoadgenOptions, runId: string): Promise<Target> {
  const url = urlOf(options.target, options.path);
  const headers = options.headers.map(header);
  if (url.username !== "" && !headers.some(([name]) => name.toLowerCase() === "authorization")) {
    headers.push([
      "Authorization",
      `Basic ${btoa(`${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`)}`,
    ]);
  }
  const api = apiOf(options, url.pathname);
  const shape = shapeOf(options, api, url, headers, runId);
  const scheme = url.protocol === "https:" ? "https" : "http";
  const hostname = url.hostname.replace(/^\[|\]$/g, "");
  const port = url.port === "" ? (scheme === "https" ? 443 : 80) : Number(url.port);
  const { addresses, dnsNs } = await resolve(hostname);
  const { caCerts: [ca] = [], cert, key } = clientTls({ ...options, caFile: options.ca }) as Partial<Pem>;
  if (cert !== undefined && key !== undefined) checkPair(cert, key, options);
  return {
    url: `${url.origin}${url.pathname}${url.search}`,
    endpoint: {
      scheme,
      hostname,
      ip: await reachable(addresses, port),
      port,
      ...(ca !== undefined && { ca }),
      ...(cert !== undefined && key !== undefined && { cert, key }),
      insecure: options.insecure,
    },
    shape,
    ownSlo: ownSlo(headers),
    dnsNs,
    addresses,
  };
}

/** @throws UsageError */
export function urlOf(target: string | undefined, path: string): URL {
  if (target === undefined) {
    throw new UsageError(
      "Cannot send load: no target is named",
      "Give --target URL, such as the one `sloctl lab up` prints",
    );
  }
  const base = URL.canParse(target) ? new URL(target) : null;
  if (base === null || !/^https?:$/.test(base.protocol)) {
    throw new UsageError(
      `Cannot send load to "${target}": it is no http URL`,
      "Give one such as http://127.0.0.1:8080",
    );
  }
  if (path !== "" && !path.startsWith("/")) {
    throw new UsageError(`Cannot use "--path ${path}": it does not begin with /`, `Write --path /${path}`);
  }
  // A target with a path that the default would repeat: people paste the base URL their client uses, which ends in /v1.
  const prefix = base.pathname.replace(/\/$/, "");
  const joined = prefix.endsWith("/v1") && path.startsWith("/v1/") ? prefix + path.slice(3) : prefix + path;
  const url = new URL(base.origin + joined + (path.includes("?") ? "" : base.search));
  url.username = base.username;
  url.password = base.password;
  return url;
}

/** Chat or completions by the path; anything else is plain HTTP, unless a model is named. */
export function apiOf({ api, modelGiven }: Pick<LoadgenOptions, "api" | "modelGiven">, path: string): Api {
  if (api !== "auto") return api;
  if (/\/chat\/completions\/?$/.test(path)) return "chat";
  if (/\/completions\/?$/.test(path)) return "completions";
  return modelGiven ? "chat" : "plain";
}

function shapeOf(
  options: LoadgenOptions,
  api: Api,
  url: URL,
  headers: readonly [string, string][],
  runId: string,
): RequestShape {
  const extra = api === "plain" ? {} : extraOf(options.body, options.ignoreEos);
  return {
    api,
    method: methodOf(options.method) ?? (api === "plain" && options.body === undefined ? "GET" : "POST"),
    target: `${url.pathname}${url.search}`,
    host: url.host,
    headers,
    model: options.model,
    stream: options.stream,
    extra,
    body: api === "plain" ? options.body ?? "" : "",
    prefix: options.prefix,
    traceKey: runId,
  };
}

function methodOf(verb: string | undefined): string | undefined {
  if (verb !== undefined && !/^[A-Za-z]+$/.test(verb)) {
    throw new UsageError(`Cannot use "--method ${verb}": it is no verb of HTTP`, "Write --method PUT");
  }
  return verb?.toUpperCase();
}

function extraOf(body: string | undefined, ignoreEos: boolean): Record<string, unknown> {
  let extra: unknown = {};
  try {
    extra = JSON.parse(body ?? "{}");
  } catch {
    extra = null;
  }
  if (typeof extra !== "object" || extra === null || Array.isArray(extra)) {
    throw new UsageError(
      `Cannot add "${body!.slice(0, 60)}" to the request: it is no JSON object`,
      `Write --body '{"temperature":0}', or --api plain for a body of your own`,
    );
  }
  const members = extra as Record<string, unknown>;
  if (members.n !== undefined && members.n !== 1) {
    throw new UsageError(`Cannot ask for "n": ${members.n}: a request has one answer here`, 'Leave "n" out of --body');
  }
  return { ...(ignoreEos && { ignore_eos: true }), ...members };
}

function header(line: string): [string, string] {
  const [, name, value] = /^([!#$%&'*+.^_`|~\w-]+)\s*:\s*([^\r\n\0]*)$/.exec(line) ?? [];
  if (name === undefined) {
    throw new UsageError(`Cannot send header "${line.split(":")[0]}": it is not NAME:VALUE`, "Write --header x-a:b");
  }
  if (/^(content-length|transfer-encoding|connection|traceparent)$/i.test(name)) {
    throw new UsageError(`Cannot send header "${name}": it is made for every request`, "Leave it out");
  }
  return [name, value!];
}

/** A handshake with a key of another certificate fails in words that name neither. */
function checkPair(cert: string, key: string, { certFile, keyFile }: LoadgenOptions): void {
  let state = `it is not the key of "${certFile}"`;
  try {
    // OpenSSL would ask for the pass phrase, on the terminal.
    if (key.includes("ENCRYPTED")) throw new Error("it is encrypted");
    if (new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) return;
  } catch (error) {
    state = (error as Error).message;
  }
  throw new UsageError(`Cannot use "${keyFile}": ${state}`, "Name a certificate and its key, which has no pass phrase");
}

const SLO_HEADERS: Readonly<Record<string, string>> = {
  "x-slo-ttft-ms": "ttft.content.from_schedule",
  "x-slo-tpot-ms": "tpot.decode",
  "x-slo-itl-ms": "tpot.decode",
  "x-slo-e2e-ms": "e2e.body.from_schedule",
};

function ownSlo(headers: readonly [string, string][]): Record<string, number> | undefined {
  const found = headers.flatMap(([name, value]): [string, number][] => {
    const def = SLO_HEADERS[name.toLowerCase()];
    return def === undefined || !(Number(value) > 0) ? [] : [[def, Number(value)]];
  });
  return found.length === 0 ? undefined : Object.fromEntries(found);
}

async function resolve(hostname: string): Promise<{ addresses: string[]; dnsNs: number | null }> {
  if (/^[\d.]+$|:/.test(hostname)) return { addresses: [hostname], dnsNs: null };
  const before = monotonicNs();
  // By its definition (RFC 6761) both, whichever the hosts file names; a server often listens on one.
  if (/(^|\.)localhost\.?$/i.test(hostname)) return { addresses: ["127.0.0.1", "::1"], dnsNs: monotonicNs() - before };
  try {
    const found = await lookup(hostname, { all: true });
    if (found.length === 0) throw new Error("it has no address");
    return { addresses: found.map(({ address }) => address), dnsNs: monotonicNs() - before };
  } catch (error) {
    throw new IoError(
      `Cannot resolve "${hostname}": ${(error as Error).message}`,
      "Check the name, or give an address",
    );
  }
}

/** The first address that takes a connection: a name may stand for two families of which the server listens on one. */
async function reachable(addresses: readonly string[], port: number): Promise<string> {
  if (addresses.length > 1) {
    for (const hostname of addresses) {
      try {
        (await Deno.connect({ hostname, port, signal: AbortSignal.timeout(1000) } as Deno.ConnectOptions)).close();
        return hostname;
      } catch {
        // the next one
      }
    }
  }
  return addresses[0]!;
}
