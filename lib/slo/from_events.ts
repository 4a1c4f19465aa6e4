/** SLO events -> the requests they measured, as far as the events tell. Pure. */
import type { SliName, SloEvent } from "../model/slo_event.ts";
import { factsOf } from "./from_spans.ts";
import { TERMS } from "./terms.ts";
import type { RequestFacts } from "./tracker.ts";

interface Gathered {
  readonly service: string;
  endMs: number;
  cancelled: boolean;
  readonly values: Partial<Record<SliName, number>>;
}

/**
 * Events of one request say so by their service, trace and request id; an indicator that comes twice begins another request. What none
 * of the events measures has nothing to do with any of the requests: that is no data, and not a failure of each.
 */
export function requestsOf(events: readonly SloEvent[]): RequestFacts[] {
  const requests: Gathered[] = [];
  const open = new Map<string, Gathered>();
  for (const event of events) {
    const key = `${event.service}\0${event.trace_id ?? ""}\0${event.request_id}`;
    let request = open.get(key);
    if (request === undefined || event.sli_name in request.values) {
      request = { service: event.service, endMs: -Infinity, cancelled: false, values: {} };
      open.set(key, request);
      requests.push(request);
    }
    request.values[event.sli_name] = event.sli_value;
    request.endMs = Math.max(request.endMs, Date.parse(event.timestamp));
    if (event.labels?.outcome === "cancelled") request.cancelled = true;
  }
  const measured = new Set(events.map(({ sli_name }) => sli_name));
  const absent = TERMS.filter(({ sli }) => sli === null || !measured.has(sli)).map(({ id }) => [id, "na"] as const);
  return requests.map(({ service, endMs, cancelled, values }) => ({
    service,
    endMs,
    cancelled,
    ok: cancelled || values.error_rate === undefined ? null : values.error_rate === 0,
    values: new Map<string, number | "na">([...absent, ...factsOf(values)]),
    stagesMs: values.retrieval_latency_ms === undefined ? {} : { retrieval: values.retrieval_latency_ms },
  }));
}
