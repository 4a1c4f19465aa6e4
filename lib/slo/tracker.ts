/**
 * The SLOs of one file, fed with requests as they end: what a collector keeps. Memory is bounded whatever is fed. Pure: time is an
 * argument, and comes from one clock.
 */
import { type AlertState, alertStates, closeAll, CountingMeter, type Meter, WeightedMeter } from "./meter.ts";
import { judge, type Measured } from "./predicate.ts";
import { type Slo, type SloFile, type Stage, STAGES } from "./slo.ts";

/** One request that ended. */
export interface RequestFacts extends Measured {
  readonly service: string;
  /** Unix ms of its end. */
  readonly endMs: number;
  /** The client went away first. */
  readonly cancelled: boolean;
  /** Milliseconds spent in each stage that it had. */
  readonly stagesMs: Readonly<Partial<Record<Stage, number>>>;
}

/** Since the start. */
export interface SloCounts {
  good: number;
  bad: number;
  /** Of `bad`: a value that should be there was not. */
  missing: number;
  /** Nothing in the predicate has to do with the request. */
  na: number;
  /** The client went away before any limit had passed. */
  cancelled: number;
  /** Counted in good or bad, but too old for every window. */
  late: number;
  /** Stamped later than now, and taken as now. */
  ahead: number;
  /** Of `bad`: how many were over the limit of which stage. */
  stages: Partial<Record<Stage, number>>;
}

export interface Tracked {
  readonly slo: Slo;
  readonly meter: Meter;
  readonly counts: SloCounts;
}

export interface Verdict {
  readonly slo: Slo;
  readonly good: boolean;
  /** The stage that broke its limit the most; null where none did, or none is limited. */
  readonly stage: Stage | null;
}

export class SloTracker {
  readonly tracked: readonly Tracked[];
  /** Requests of services that the file does not speak of. */
  foreign = 0;

  constructor(readonly file: Pick<SloFile, "service" | "slos">) {
    const { slos } = file;
    const counting = new Map(slos.map((slo) => [slo.name, new CountingMeter(slo, slos)]));
    this.tracked = slos.map((slo) => ({ slo, meter: meterOf(slo, counting), counts: noCounts() }));
  }

  /** Counts a request in every SLO it has to do with. `nowMs` >= every `nowMs` before. */
  observe(request: RequestFacts, nowMs: number): Verdict[] {
    if (request.service !== this.file.service) {
      this.foreign++;
      return [];
    }
    return this.tracked.flatMap(({ slo, meter, counts }) => {
      if (slo.sli.kind === "composite" || slo.sli.predicate === null || !(meter instanceof CountingMeter)) return [];
      const judged = judge(slo.sli.predicate, request);
      const broken = judged?.by.filter((id) => id !== "status" && request.values.has(id)) ?? [];
      if (request.cancelled && broken.length === 0) {
        counts.cancelled++;
        return [];
      }
      if (judged === null) {
        counts.na++;
        return [];
      }
      const atMs = Math.min(request.endMs, nowMs);
      if (request.endMs > nowMs) counts.ahead++;
      if (!meter.add(judged.good, atMs, nowMs)) counts.late++;
      counts[judged.good ? "good" : "bad"]++;
      if (judged.missing) counts.missing++;
      const stage = judged.good ? null : worstStage(slo, request);
      if (stage !== null) counts.stages[stage] = (counts.stages[stage] ?? 0) + 1;
      return [{ slo, good: judged.good, stage }];
    });
  }

  /** Requests of a past that an earlier process counted, in the order they ended: windows and budgets know them, counters do not. */
  restore(requests: readonly RequestFacts[]): void {
    for (const request of requests) {
      this.advance(request.endMs);
      this.observe(request, request.endMs);
    }
    for (const { counts } of this.tracked) Object.assign(counts, noCounts());
    this.foreign = 0;
  }

  /** Moves time on: slices that are over are judged. Call it before reading, and now and then when nothing comes. */
  advance(nowMs: number): void {
    closeAll(this.tracked.map(({ meter }) => meter), nowMs);
  }

  alerts(nowMs: number): { readonly slo: Slo; readonly states: readonly AlertState[] }[] {
    return this.tracked.map(({ slo, meter }) => ({ slo, states: alertStates(meter, nowMs) }));
  }
}

function meterOf(slo: Slo, counting: ReadonlyMap<string, CountingMeter>): Meter {
  if (slo.sli.kind !== "composite" || slo.slice !== null) return counting.get(slo.name)!;
  return new WeightedMeter(slo, slo.sli.parts.map(({ slo, weight }) => ({ weight, meter: counting.get(slo)! })));
}

function noCounts(): SloCounts {
  return { good: 0, bad: 0, missing: 0, na: 0, cancelled: 0, late: 0, ahead: 0, stages: {} };
}

function worstStage({ stages }: Slo, { stagesMs }: RequestFacts): Stage | null {
  const over = STAGES.flatMap((stage) => {
    const [limit, spent] = [stages[stage], stagesMs[stage]];
    return limit === undefined || spent === undefined || spent <= limit ? [] : [{ stage, by: spent / limit }];
  });
  return over.sort((a, b) => b.by - a.by)[0]?.stage ?? null;
}
