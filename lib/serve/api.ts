/** What can be asked of a collector: one table, read by the routes themselves and by the OpenAPI file. */
import type { SchemaName } from "../model/schema/mod.ts";

export interface Parameter {
  readonly name: string;
  readonly in: "path" | "query";
  readonly help: string;
  /** JSON Schema of its text. */
  readonly schema: Readonly<Record<string, unknown>>;
}

/** What an administrator has the collector do. */
type Act = "snapshot" | "trim" | "tokens";

export interface Operation {
  readonly id:
    | "health"
    | "incidents"
    | "incident"
    | "requests"
    | "request"
    | "signals"
    | "slo"
    | "agents"
    | "watch"
    | Act;
  /** GET, and HEAD with it, unless it says otherwise. */
  readonly method?: "POST";
  /** `{name}` is a parameter in the path. */
  readonly path: string;
  readonly summary: string;
  readonly parameters: readonly Parameter[];
  readonly answer: SchemaName;
  /** Statuses beside 200, 405, 500 and those of the door, each with a Status as its body. */
  readonly refusals: Readonly<Record<number, string>>;
}

const BAD_QUERY = "A parameter is unknown, or has a value it cannot have.";

const EXPLAIN: Parameter = {
  name: "explain",
  in: "query",
  help: "1: add indexes_state and warnings",
  schema: { enum: ["0", "1", "true", "false"], default: "0" },
};
const SERVICE: Parameter = { name: "service", in: "query", help: "of this service only", schema: { type: "string" } };

const SINCE: Parameter = {
  name: "since",
  in: "query",
  help: "from then on: RFC 3339, or how long ago (90s, 30m, 1h, 7d)",
  schema: { type: "string" },
};

export const LIMIT = { least: 1, most: 1000, default: 100 } as const;

const LIMIT_PARAMETER: Parameter = {
  name: "limit",
  in: "query",
  help: "so many at most",
  schema: { type: "integer", minimum: LIMIT.least, maximum: LIMIT.most, default: LIMIT.default },
};

export const OPERATIONS: readonly Operation[] = [
  {
    id: "health",
    path: "/v1/health",
    summary: "How the collector itself is; the one route that never wants a token",
    parameters: [EXPLAIN],
    answer: "health-answer/v1",
    refusals: { 400: BAD_QUERY },
  },
  {
    id: "incidents",
    path: "/v1/incidents",
    summary: "Incidents, newest first, each in its latest state",
    parameters: [
      { ...SINCE, help: `only those that were open at that time or later; ${SINCE.help}` },
      SERVICE,
      { name: "state", in: "query", help: "only these", schema: { enum: ["open", "closed"] } },
      LIMIT_PARAMETER,
      { name: "cursor", in: "query", help: "`next` of the page before", schema: { type: "string" } },
      EXPLAIN,
    ],
    answer: "incidents-answer/v1",
    refusals: { 400: BAD_QUERY },
  },
  {
    id: "incident",
    path: "/v1/incidents/{id}",
    summary: "One incident in its latest state",
    parameters: [
      { name: "id", in: "path", help: "its incident_id", schema: { type: "string", minLength: 1 } },
      EXPLAIN,
    ],
    answer: "incident-answer/v1",
    refusals: { 400: BAD_QUERY, 404: "There is no such incident, or it is no longer held." },
  },
  {
    id: "requests",
    path: "/v1/requests",
    summary: "Requests as they were judged, worst first: failed ones, then the slowest to a first token",
    parameters: [
      { ...SINCE, schema: { type: "string", default: "5m" } },
      SERVICE,
      LIMIT_PARAMETER,
      EXPLAIN,
    ],
    answer: "requests-answer/v1",
    refusals: { 400: BAD_QUERY },
  },
  {
    id: "request",
    path: "/v1/requests/{trace_id}",
    summary: "One trace: where its time went, the kernel signals joined with it, and those that were not, and why",
    parameters: [
      {
        name: "trace_id",
        in: "path",
        help: "32 hex digits",
        schema: { type: "string", pattern: "^[0-9A-Fa-f]{32}$" },
      },
      EXPLAIN,
    ],
    answer: "request-answer/v1",
    refusals: { 400: `${BAD_QUERY} So is a trace id.`, 404: "Nothing is held of this trace." },
  },
  {
    id: "signals",
    path: "/v1/signals",
    summary: "What the kernel told of late, signal by signal",
    parameters: [{ ...SINCE, schema: { type: "string", default: "1m" } }, EXPLAIN],
    answer: "signals-answer/v1",
    refusals: { 400: BAD_QUERY },
  },
  {
    id: "slo",
    path: "/v1/slo",
    summary: "How the objectives stand",
    parameters: [SERVICE, EXPLAIN],
    answer: "slo-answer/v1",
    refusals: { 400: BAD_QUERY },
  },
  {
    id: "agents",
    path: "/v1/agents",
    summary: "The node agents: age of the last heartbeat, mode, signals that are off and why",
    parameters: [EXPLAIN],
    answer: "agents-answer/v1",
    refusals: { 400: BAD_QUERY },
  },
];

/** What never ends: told as server-sent events, by a route of its own. `answer` is the data of each. */
export const WATCH: Operation = {
  id: "watch",
  path: "/v1/events/stream",
  summary: "Everything committed, in order, as server-sent events: spans, logs, probe events, SLO events, incidents",
  parameters: [
    {
      name: "kind",
      in: "query",
      help: "only these: span, log, probe, slo, incident; several joined by commas, or repeated",
      schema: { type: "string" },
    },
    SERVICE,
    { name: "severity", in: "query", help: "only these", schema: { enum: ["ok", "warning", "error"] } },
    {
      name: "after",
      in: "query",
      help: "behind this commit sequence, 0 from the first that is kept on; the header Last-Event-ID goes before it; " +
        "without either from now on",
      schema: { type: "integer", minimum: 0 },
    },
  ],
  answer: "watch-event/v1",
  refusals: { 400: BAD_QUERY, 503: "Too many watch already; Retry-After says when to come again." },
};

const NO_STORE = "The store of this collector cannot: it is in memory.";
const STORE_FAILED = "The store cannot be read or written just now.";

/** For the bearer of a token with the verb admin; without --token-file 403 for everybody. By a route of their own, every call audited. */
export const ADMIN: readonly Operation[] = [
  {
    id: "tokens",
    path: "/v1/admin/tokens",
    summary:
      "Claims and state of the tokens, those of the caller's namespace where it has one; neither token nor digest",
    parameters: [],
    answer: "tokens-answer/v1",
    refusals: {},
  },
  {
    id: "trim",
    path: "/v1/admin/trim",
    method: "POST",
    summary: "Lets go of everything up to a commit sequence, in whole chunks",
    parameters: [{
      name: "seq",
      in: "query",
      help: "the last sequence to let go of; needed",
      schema: { type: "integer", minimum: 1 },
    }],
    answer: "trim-answer/v1",
    refusals: { 400: "The sequence is missing, or is none that was committed.", 501: NO_STORE, 503: STORE_FAILED },
  },
  {
    id: "snapshot",
    path: "/v1/admin/snapshot",
    method: "POST",
    summary:
      "Copies the store as it is now into its snapshots/, also while it is written; answers when the copy is on disk",
    parameters: [],
    answer: "snapshot-answer/v1",
    refusals: { 409: "One is being taken already.", 501: NO_STORE, 503: STORE_FAILED },
  },
];
