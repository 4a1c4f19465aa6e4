/** SLO events as the requests they measured: what `/v1/requests` tells of each. */
import type { JudgedRequest, RequestsAnswer } from "../../model/answers.ts";
import type { SloEvent } from "../../model/slo_event.ts";
import type { Entry } from "../../store/store.ts";
import { type RecentRow, RecentRows } from "./recent_rows.ts";
import type { Readable } from "./scoped.ts";

/** What is kept of an SLO event. Texts that the events of a request have in common are kept once. */
interface Row extends RecentRow {
  readonly of: Request;
  readonly sli: SloEvent["sli_name"];
  readonly value: number;
  readonly timestamp: string;
  readonly bad: string;
  readonly fromKernel: boolean;
}

interface Request {
  readonly key: string;
  readonly traceId: string;
  /** In the order of their sequences. */
  rows: Row[];
  /** Of all its rows; null: not made yet. */
  judged: JudgedRequest | null;
  /** The latest question that saw it, and how many of its rows that saw. */
  question: number;
  seen: number;
}

export type Worst = Pick<RequestsAnswer, "total" | "requests">;

export class JudgedRequests {
  readonly #requests = new Map<string, Request>();
  readonly #rows: RecentRows<Row>;
  #questions = 0;

  /** @param most SLO events looked at, for a test */
  constructor(store: Readable, most?: number) {
    this.#rows = new RecentRows({
      store,
      kind: "slo",
      rowOf: (entry) => entry.kind === "slo" ? this.#rowOf(entry) : null,
      onGone: (row) => this.#forget(row),
      ...(most === undefined ? {} : { most }),
    });
  }

  /** The worst first. @param sinceNs Unix nanoseconds @throws what the store throws */
  worst(sinceNs: bigint, service: string | undefined, limit: number): Promise<Worst> {
    return this.#rows.ask(sinceNs, service, (rows) => this.#worst(rows, limit));
  }

  #worst(rows: readonly Row[], limit: number): Worst {
    const question = ++this.#questions;
    const requests: Request[] = [];
    for (const { of } of rows) {
      if (of.question === question) of.seen++;
      else {
        [of.question, of.seen] = [question, 1];
        requests.push(of);
      }
    }
    // Of one that began before that time, or of which another service told too, not all counts.
    const parts = requests.some(({ seen, rows }) => seen !== rows.length) ? Map.groupBy(rows, ({ of }) => of) : null;
    const found = requests.map((one) =>
      one.seen === one.rows.length ? one.judged ??= judged(one.rows.toReversed()) : judged(parts!.get(one)!)
    );
    return { total: found.length, requests: worstOf(found, limit) };
  }

  #rowOf({ document, commitSeq, timeNs }: Entry & { readonly document: SloEvent }): Row {
    const { trace_id = "", request_id, service, sli_name, sli_value, timestamp, labels = {} } = document;
    const key = `${trace_id}/${request_id}`;
    let of = this.#requests.get(key);
    if (of === undefined) {
      of = { key, traceId: trace_id, rows: [], judged: null, question: 0, seen: 0 };
      this.#requests.set(key, of);
    }
    const like = of.rows.at(-1);
    const row: Row = {
      seq: commitSeq,
      timeNs,
      of,
      service: like?.service === service ? like.service : service,
      sli: sli_name,
      value: sli_value,
      timestamp: like?.timestamp === timestamp ? like.timestamp : timestamp,
      bad: labels.slo_bad ?? "",
      fromKernel: labels.ttft_source === "kernel",
    };
    // They come in order, or from the newest on.
    if (like === undefined || like.seq < row.seq) of.rows.push(row);
    else of.rows = [...of.rows, row].sort((a, b) => a.seq - b.seq);
    of.judged = null;
    return row;
  }

  #forget(gone: Row): void {
    const { of } = gone;
    of.rows = of.rows.filter((row) => row !== gone);
    of.judged = null;
    if (of.rows.length === 0) this.#requests.delete(of.key);
  }
}

/** @param rows of one request, the newest first */
function judged(rows: readonly Row[]): JudgedRequest {
  const [{ of: { traceId }, service, timestamp, bad, fromKernel }] = rows as [Row];
  const value = (name: SloEvent["sli_name"]) => rows.find(({ sli }) => sli === name)?.value ?? null;
  const ttft = value("ttft_ms");
  return {
    trace_id: traceId,
    service,
    ended_at: timestamp,
    ttft_ms: ttft,
    latency_ms: value("request_latency_ms"),
    failed: value("error_rate") === 1,
    slo_bad: bad.split(",").filter((name) => name !== ""),
    ttft_source: ttft === null ? null : fromKernel ? "kernel" : "application",
  };
}

/** Of those that are equally bad the newest first. @param requests the newest first */
function worstOf(requests: readonly JudgedRequest[], limit: number): JudgedRequest[] {
  const ranks = new Float64Array(requests.length);
  for (let i = 0; i < requests.length; i++) ranks[i] = rankOf(requests[i]!);
  // Only those that may be among them are put in order.
  const least = ranks.toSorted().at(-limit) ?? -Infinity;
  const few: number[] = [];
  for (let i = 0; i < ranks.length; i++) if (!(ranks[i]! < least)) few.push(i);
  return few.sort((a, b) => ranks[a] === ranks[b] ? 0 : ranks[b]! - ranks[a]!).slice(0, limit).map((i) => requests[i]!);
}

function rankOf({ failed, ttft_ms, latency_ms }: JudgedRequest): number {
  return failed ? Infinity : ttft_ms ?? latency_ms ?? 0;
}
