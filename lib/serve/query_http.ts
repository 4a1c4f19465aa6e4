/** The query routes: GET, JSON, one Status for whatever is refused. */
import type {
  AgentsAnswer,
  HealthAnswer,
  IncidentAnswer,
  IncidentsAnswer,
  IndexesState,
  RequestAnswer,
  RequestsAnswer,
  SignalsAnswer,
  SloAnswer,
} from "../model/answers.ts";
import { toJson } from "../model/json.ts";
import { parseTimeNs } from "../model/time.ts";
import { LIMIT, type Operation, OPERATIONS } from "./api.ts";
import type { HttpAnswer, HttpRequest, Route } from "./http.ts";
import { refuse } from "./otlp_http.ts";

export interface IncidentsQuery {
  /** Unix nanoseconds. */
  readonly sinceNs?: bigint;
  readonly service?: string;
  readonly state?: "open" | "closed";
  readonly limit: number;
  /** Commit sequence below which the page begins. */
  readonly before?: number;
}

export interface RequestsQuery {
  readonly sinceNs: bigint;
  readonly service?: string;
  readonly limit: number;
}

/** Who knows the answers. Null: there is nothing of that name. */
export interface QuerySource {
  health(): HealthAnswer;
  incidents(query: IncidentsQuery): Promise<IncidentsAnswer>;
  incident(id: string): Promise<IncidentAnswer | null>;
  /** @param traceId in lower case */
  request(traceId: string): Promise<RequestAnswer | null>;
  requests(query: RequestsQuery): Promise<RequestsAnswer>;
  signals(sinceNs: bigint): Promise<SignalsAnswer>;
  slo(service?: string): SloAnswer<unknown>;
  agents(): AgentsAnswer;
  indexes(): IndexesState;
}

/** Why a question is refused: the answer is 400. */
class BadQuery extends Error {}

/** Answers on the paths of OPERATIONS, and nowhere else. `nowMs`: Unix milliseconds now. */
export function queryRoute(source: QuerySource, nowMs: () => number): Route {
  // An answer that stands is written down once.
  const texts = new WeakMap<object, string>();
  return async (request) => {
    const found = match(request.path);
    if (found === null) return null;
    if (request.method !== "GET" && request.method !== "HEAD") {
      const message = `Cannot ${word(request.method)} "${word(request.path)}": only GET is allowed`;
      return refuse(request, 405, { message }, { allow: "GET, HEAD" });
    }
    try {
      const { operation, name } = found;
      checkNames(operation, request.query);
      const explain = flag(request.query, "explain");
      const answer = await answerOf(source, operation, name, request.query, nowMs());
      if (answer === null) {
        return refuse(request, 404, {
          code: 5,
          message: `Cannot find "${word(name)}": nothing is held under that name`,
        });
      }
      const { warnings = [], ...plain } = answer;
      if (explain) return json(request, `${toJson({ ...plain, indexes_state: source.indexes(), warnings })}\n`);
      let text = texts.get(answer);
      if (text === undefined) texts.set(answer, text = `${toJson(plain)}\n`);
      return json(request, text);
    } catch (error) {
      if (error instanceof BadQuery) return refuse(request, 400, { message: error.message });
      throw error;
    }
  };
}

type Answer =
  | HealthAnswer
  | IncidentsAnswer
  | IncidentAnswer
  | RequestAnswer
  | RequestsAnswer
  | SignalsAnswer
  | SloAnswer<unknown>
  | AgentsAnswer;

async function answerOf(
  source: QuerySource,
  { id }: Operation,
  name: string,
  query: URLSearchParams,
  nowMs: number,
): Promise<Answer | null> {
  switch (id) {
    case "health":
      return source.health();
    case "agents":
      return source.agents();
    case "slo":
      return source.slo(query.get("service") ?? undefined);
    case "incident":
      return await source.incident(name);
    case "incidents":
      return await source.incidents(incidentsQuery(query, nowMs));
    case "requests": {
      const { limit, service, sinceNs: from } = incidentsQuery(query, nowMs);
      const since = from ?? sinceNs("5m", nowMs);
      return await source.requests({ limit, sinceNs: since, ...(service === undefined ? {} : { service }) });
    }
    case "signals":
      return await source.signals(sinceNs(query.get("since") ?? "1m", nowMs));
    case "watch":
    case "snapshot":
    case "trim":
    case "tokens":
      return null; // routes of their own
    case "request":
      if (!/^[0-9a-f]{32}$/i.test(name)) throw new BadQuery(`Cannot find "${word(name)}": a trace id is 32 hex digits`);
      return await source.request(name.toLowerCase());
  }
}

function incidentsQuery(query: URLSearchParams, nowMs: number): IncidentsQuery {
  const [since, service, state, cursor] = ["since", "service", "state", "cursor"].map((name) => query.get(name));
  if (state !== null && state !== "open" && state !== "closed") throw bad("state", state!, "it is open or closed");
  return {
    limit: whole(query, "limit", LIMIT.least, LIMIT.most) ?? LIMIT.default,
    ...(since === null ? {} : { sinceNs: sinceNs(since!, nowMs) }),
    ...(service === null ? {} : { service: service! }),
    ...(state === null ? {} : { state: state as "open" | "closed" }),
    ...(cursor === null ? {} : { before: whole(query, "cursor", 1, Number.MAX_SAFE_INTEGER)! }),
  };
}

const UNIT_MS: Readonly<Record<string, number>> = { s: 1e3, m: 60e3, h: 3600e3, d: 86_400e3 };

function sinceNs(text: string, nowMs: number): bigint {
  const [, n, unit] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  if (n !== undefined) return BigInt(Math.round(nowMs - Number(n) * UNIT_MS[unit!]!)) * 1_000_000n;
  // In a query an unescaped + of a time zone has become a space.
  const at = parseTimeNs(text.replace(/ (?=\d\d:\d\d$)/, "+"));
  if (at === null) throw bad("since", text, "it is neither RFC 3339 nor a length of time such as 90s, 30m, 1h, 7d");
  return at;
}

function whole(query: URLSearchParams, name: string, least: number, most: number): number | null {
  const text = query.get(name);
  if (text === null) return null;
  const n = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
  if (!(n >= least && n <= most)) throw bad(name, text, `it is no whole number from ${least} to ${most}`);
  return n;
}

function flag(query: URLSearchParams, name: string): boolean {
  const text = query.get(name) ?? "0";
  if (!["0", "1", "true", "false"].includes(text)) throw bad(name, text, "it is 1 or 0");
  return text === "1" || text === "true";
}

/** A misspelt filter that is passed over answers another question than was asked. */
function checkNames(operation: Operation, query: URLSearchParams): void {
  const known = operation.parameters.filter((parameter) => parameter.in === "query").map(({ name }) => name);
  for (const name of new Set(query.keys())) {
    if (!known.includes(name)) {
      throw bad(name, query.get(name)!, `there is no such parameter; there are ${known.join(", ")}`);
    }
    if (query.getAll(name).length > 1) throw bad(name, query.get(name)!, "it is given twice");
  }
}

function bad(name: string, value: string, why: string): BadQuery {
  return new BadQuery(`Cannot use "${word(name)}=${word(value)}": ${why}`);
}

/** The operation of a path and what stands in place of its parameter. */
function match(path: string): { readonly operation: Operation; readonly name: string } | null {
  for (const operation of OPERATIONS) {
    const open = operation.path.indexOf("{");
    if (open < 0) {
      if (path === operation.path) return { operation, name: "" };
      continue;
    }
    const rest = path.startsWith(operation.path.slice(0, open)) ? path.slice(open) : "";
    if (rest === "" || rest.includes("/")) continue;
    return { operation, name: decoded(rest) };
  }
  return null;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function json({ method }: HttpRequest, text: string): HttpAnswer {
  const headers = { "content-type": "application/json", "cache-control": "no-store" };
  return { status: 200, headers, body: method === "HEAD" ? "" : text };
}

/** A word of the request, fit for a message. */
function word(text: string): string {
  return text.slice(0, 80).replaceAll(/[^\x20-\x7e]|"/g, "?");
}
