/** GET /v1/events/stream: server-sent events. `id` is the commit sequence, so that a browser resumes by itself. */
import { WATCH } from "./api.ts";
import type { HttpOut, HttpRequest, Route } from "./http.ts";
import { refuse } from "./otlp_http.ts";
import {
  type Overflow,
  SEVERITIES,
  WATCH_KINDS,
  type WatchedEvent,
  type Watchers,
  type WatchFilter,
  type WatchKind,
  type WatchRequest,
  type WatchSink,
} from "./watch.ts";

const HEADERS = {
  "content-type": "text/event-stream",
  "cache-control": "no-store",
  // A proxy that gathers what it passes on would hold events back.
  "x-accel-buffering": "no",
};

class BadWatch extends Error {}

export function watchRoute(watchers: Watchers): Route {
  return (request) => {
    if (request.path !== WATCH.path) return Promise.resolve(null);
    if (request.method !== "GET" && request.method !== "HEAD") {
      const message = `Cannot watch with another method: only GET is allowed`;
      return Promise.resolve(refuse(request, 405, { message }, { allow: "GET, HEAD" }));
    }
    try {
      const asked = watchRequest(request);
      if (watchers.isFull) {
        const message = `Cannot watch: ${watchers.limits.maxClients} do already`;
        return Promise.resolve(refuse(request, 503, { message }, { "retry-after": "5" }));
      }
      const stream = async (out: HttpOut) => {
        out.write("retry: 1000\n\n");
        const overflow = await watchers.watch(asked, sseSink(out));
        if (overflow !== null) out.write(overflowText(overflow));
      };
      return Promise.resolve({ status: 200, headers: HEADERS, body: "", stream });
    } catch (error) {
      if (error instanceof BadWatch) return Promise.resolve(refuse(request, 400, { message: error.message }));
      throw error;
    }
  };
}

/** @throws BadWatch */
function watchRequest({ query, headers, caller }: HttpRequest): WatchRequest {
  const known = WATCH.parameters.filter((parameter) => parameter.in === "query").map(({ name }) => name);
  for (const name of query.keys()) {
    if (!known.includes(name)) {
      throw bad(name, query.get(name)!, `there is no such parameter; there are ${known.join(", ")}`);
    }
    if (name !== "kind" && query.getAll(name).length > 1) throw bad(name, query.get(name)!, "it is given twice");
  }
  const filter = watchFilter({
    kinds: query.getAll("kind").flatMap((text) => text.split(",")),
    service: query.get("service") ?? "",
    severity: query.get("severity") ?? "",
  });
  if (typeof filter === "string") throw new BadWatch(filter);
  // The header is what a client that comes again knows; the query is what it was first told.
  const seen = headers["last-event-id"];
  const after = seen ?? query.get("after");
  if (after === null || after === "") return { filter, after: undefined, caller };
  if (!/^\d{1,15}$/.test(after)) {
    throw bad(seen === undefined ? "after" : "last-event-id", after, "it is no commit sequence");
  }
  return { filter, after: Number(after), caller };
}

/** Words of a request as a filter; "" and [] filter nothing. Text: why it is none. */
export function watchFilter(
  { kinds, service, severity }: {
    readonly kinds: readonly string[];
    readonly service: string;
    readonly severity: string;
  },
): WatchFilter | string {
  const other = kinds.find((kind) => !WATCH_KINDS.includes(kind as WatchKind));
  if (other !== undefined) return bad("kind", other, `it is one of ${WATCH_KINDS.join(", ")}`).message;
  const level = SEVERITIES.find((known) => known === severity);
  if (severity !== "" && level === undefined) {
    return bad("severity", severity, `it is one of ${SEVERITIES.join(", ")}`).message;
  }
  return {
    ...(kinds.length === 0 ? {} : { kinds: kinds as readonly WatchKind[] }),
    ...(service === "" ? {} : { service }),
    ...(level === undefined ? {} : { severity: level }),
  };
}

function sseSink(out: HttpOut): WatchSink {
  let told = -1;
  return {
    event(event) {
      told = event.commitSeq;
      return out.write(eventText(event));
    },
    idle(commitSeq) {
      // An id without data is no event: it only moves the place that a client comes back to.
      out.write(commitSeq === told ? ":\n\n" : `id: ${told = commitSeq}\n\n`);
    },
    drained: (ms) => out.drained(ms),
    gone: out.gone,
  };
}

function eventText({ commitSeq, kind, traceId, spanId, document }: WatchedEvent): string {
  const trace = traceId === "" ? "" : `"trace_id":"${traceId}",`;
  const span = spanId === "" ? "" : `"span_id":"${spanId}",`;
  return `id: ${commitSeq}\nevent: ${kind}\ndata: {"commit_seq":${commitSeq},${trace}${span}"document":${document}}\n\n`;
}

function overflowText({ reason, commitSeq, firstSeq, lost }: Overflow): string {
  const data = JSON.stringify({ commit_seq: commitSeq, reason, first_seq: firstSeq, lost });
  return `id: ${commitSeq}\nevent: overflow\ndata: ${data}\n\n`;
}

function bad(name: string, value: string, why: string): BadWatch {
  const word = (text: string) => text.slice(0, 80).replaceAll(/[^\x20-\x7e]|"/g, "?");
  return new BadWatch(`Cannot watch "${word(name)}=${word(value)}": ${why}`);
}
