/** What a load run is judged by: an SLO file, a preset, or a predicate; and what came of it. */
import { readInput } from "../../host/read_input.ts";
import { type Criterion, type Edges, type Goodput, goodput } from "../../load/goodput.ts";
import { SLO_PRESETS } from "../../load/slo_presets.ts";
import { instantOf, seconds, type Window } from "../../load/window.ts";
import { UsageError } from "../../model/errors.ts";
import type { Io } from "../../model/io.ts";
import { nearest } from "../../model/nearest.ts";
import type { RequestRecord } from "../../model/request_record.ts";
import { type Compliance, compliance } from "../../slo/compliance.ts";
import { decimal } from "../../slo/literal.ts";
import { parsePredicate, type Predicate } from "../../slo/predicate.ts";
import type { Decimal, Slice } from "../../slo/slo.ts";
import { parseSloFile } from "../../slo/slo_file.ts";

export interface LoadSlo {
  readonly name: string;
  readonly criteria: readonly Criterion[];
  readonly objective: Decimal;
  /** Budgeted by slices of time; null: by requests. */
  readonly slice: Slice | null;
  /** Why a client cannot judge it; null: it can. */
  readonly skipped: string | null;
}

export interface SloOutcome {
  readonly name: string;
  readonly criteria: readonly Criterion[];
  /** Share of good requests (or slices of time) that is asked for. */
  readonly objective: number;
  readonly goodput: Goodput;
  /** Of slices of time where the objective counts them, else of requests. */
  readonly counted: "requests" | "slices";
  readonly compliance: Compliance;
  readonly verdict: "pass" | "fail" | "inconclusive" | "not-evaluated";
  readonly reasons: readonly string[];
}

const MOST_BYTES = 1024 * 1024;
/** What the indicators of SLO events are to a client. */
const BY_INDICATOR: Readonly<Record<string, string>> = {
  ttft_ms: "ttft.content.from_schedule",
  request_latency_ms: "e2e.body.from_schedule",
  token_throughput_tps: "speed.request",
};

/** @throws UsageError, IoError */
export async function slosOf(
  { slo, objective }: { readonly slo: string | undefined; readonly objective: string | undefined },
  io: Pick<Io, "stdin">,
): Promise<LoadSlo[]> {
  if (slo === undefined) return [];
  const text = SLO_PRESETS[slo.toLowerCase()] ?? (/[<>=≤≥]/.test(slo) ? slo : undefined);
  if (text === undefined) return await fromFile(slo, objective, io);
  const predicate = parsePredicate(text);
  if ("state" in predicate) throw new UsageError(`Cannot judge by "${slo}": ${predicate.state}`, predicate.hint);
  const found = decimal(objective ?? "0.99");
  if (found === null || !(Number(found.text) > 0 && Number(found.text) < 1)) {
    throw new UsageError(`Cannot use "--objective ${objective}": it does not lie between 0 and 1`, "Write it as 0.99");
  }
  const made = fromPredicate(slo.toLowerCase(), predicate, found, null);
  if (made.skipped !== null) {
    throw new UsageError(`Cannot judge by "${slo}": ${made.skipped}`, "Use a client's definition");
  }
  return [made];
}

async function fromFile(path: string, objective: string | undefined, io: Pick<Io, "stdin">): Promise<LoadSlo[]> {
  if (path !== "-" && !/[./]/.test(path)) {
    const meant = nearest(path, Object.keys(SLO_PRESETS));
    throw new UsageError(
      `Cannot judge by "${path}": it is no preset, no predicate and no file`,
      meant === undefined ? `Use a file, or one of: ${Object.keys(SLO_PRESETS).join(", ")}` : `Did you mean ${meant}?`,
    );
  }
  if (objective !== undefined) {
    throw new UsageError("Cannot use --objective with an SLO file: each SLO has its own", "Leave it out");
  }
  const file = parseSloFile(await readInput(path, io.stdin, MOST_BYTES), path);
  const slos = file.slos.map((slo): LoadSlo => {
    if (slo.sli.kind === "composite" || slo.sli.predicate === null) {
      return {
        name: slo.name,
        criteria: [],
        objective: slo.objective,
        slice: null,
        skipped: "it has no predicate of its own",
      };
    }
    return fromPredicate(slo.name, slo.sli.predicate, slo.objective, slo.budgeting === "Timeslices" ? slo.slice : null);
  });
  if (slos.every(({ skipped }) => skipped !== null)) {
    throw new UsageError(
      `Cannot judge by "${path}": ${slos[0]?.skipped ?? "it holds no SLO"}`,
      "Use a client's definition ids",
    );
  }
  return slos;
}

function fromPredicate(name: string, { terms }: Predicate, objective: Decimal, slice: Slice | null): LoadSlo {
  const unknown = terms.find(({ kind }) =>
    kind.id.startsWith("server.") || kind.sli !== null && !(kind.id in BY_INDICATOR) && kind.id !== "error_rate"
  );
  const criteria = terms.filter(({ kind }) => kind.id !== "error_rate").map(({ kind, limit }): Criterion => ({
    def: BY_INDICATOR[kind.id] ?? kind.id,
    limit: kind.limit,
    value: limit.value,
  }));
  return {
    name,
    criteria,
    objective,
    slice,
    skipped: unknown === undefined ? null : `a client cannot measure ${unknown.kind.id}`,
  };
}

export function judgeSlo(
  slo: LoadSlo,
  records: readonly RequestRecord[],
  window: Window,
  options: { readonly edges: Edges; readonly closed: boolean },
): SloOutcome {
  const measurable = slo.skipped === null ? records : [];
  const overall = goodput(measurable, slo.criteria, seconds(window), options.edges);
  const counts = slo.slice === null ? overall : slices(slo, slo.slice, measurable, window, options.edges);
  const found = compliance({ bad: counts.bad, total: counts.good + counts.bad }, slo.objective);
  const base = {
    name: slo.name,
    criteria: slo.criteria,
    objective: Number(slo.objective.text),
    goodput: overall,
    counted: slo.slice === null ? "requests" as const : "slices" as const,
    compliance: found,
  };
  if (slo.skipped !== null) return { ...base, verdict: "not-evaluated", reasons: [`${slo.name}: ${slo.skipped}`] };
  const scheduled = slo.criteria.find(({ def }) => def.endsWith(".from_schedule"));
  if (options.closed && scheduled !== undefined) {
    const reason = `${slo.name}: a closed loop has no schedule, so ${scheduled.def} is not defined; name from_send`;
    return { ...base, verdict: "inconclusive", reasons: [reason] };
  }
  switch (found.verdict) {
    case "met":
      return { ...base, verdict: "pass", reasons: [] };
    case "missed":
      return {
        ...base,
        verdict: "fail",
        reasons: [`${slo.name}: ${share(found.good_ratio)} good, ${share(base.objective)} asked for`],
      };
    case "no_data":
      return { ...base, verdict: "inconclusive", reasons: [`${slo.name}: nothing to judge it by`] };
    case "inconclusive": {
      const more = found.events_needed === null
        ? `${share(found.good_ratio)} good, but it may be ${share(found.low)} to ${share(found.high)}`
        : `nothing failed, but it takes ${found.events_needed} ${base.counted} to be sure`;
      return { ...base, verdict: "inconclusive", reasons: [`${slo.name}: ${more}`] };
    }
  }
}

/** Slices of time by when requests were due: good from a share of good requests on; an empty one counts for nothing. */
function slices(
  slo: LoadSlo,
  slice: Slice,
  records: readonly RequestRecord[],
  { fromNs }: Window,
  edges: Edges,
): { good: number; bad: number } {
  const groups = Map.groupBy(
    records,
    (record) => Math.floor(((instantOf(record) ?? fromNs) - fromNs) / 1e9 / slice.seconds),
  );
  const judged = [...groups.values()].flatMap((group) => {
    const { fraction } = goodput(group, slo.criteria, slice.seconds, edges);
    return fraction === null ? [] : [fraction >= Number(slice.target.text)];
  });
  return { good: judged.filter((good) => good).length, bad: judged.filter((good) => !good).length };
}

const share = (ratio: number | null) => ratio === null ? "-" : `${Number((100 * ratio).toFixed(3))} %`;
