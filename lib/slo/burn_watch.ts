/**
 * When an objective burns, as an incident: a pair of windows above its threshold, of any SLO of the service. Pure: time is an argument.
 *
 * It sees what no moment shows: a service that fails one request in two hundred for days. A sudden fault has an incident of its own, by
 * its requests; what burns because of that is told there, and opens nothing here until it burns without it. A page may open beside a
 * ticket, never the other way round.
 */
import { nearest } from "../stats/decimal.ts";
import { alertStates } from "./meter.ts";
import { type AlertLevel, type BurnAlert, slack, type Slo } from "./slo.ts";
import type { SloTracker, Tracked } from "./tracker.ts";

export interface BurnIncident {
  readonly slo: Slo;
  readonly alert: BurnAlert;
  /** Over the long window, when it opened. */
  readonly errorRatio: number;
  readonly burnRate: number;
  readonly openedMs: number;
}

/** `recovered`: the short window burns no more; `no_traffic`: it is empty, which is not health. */
export type BurnChange =
  | { readonly kind: "opened"; readonly incident: BurnIncident }
  | {
    readonly kind: "closed";
    readonly incident: BurnIncident;
    readonly because: "recovered" | "no_traffic";
    readonly atMs: number;
  };

interface Open {
  readonly incident: BurnIncident;
  readonly tracked: Tracked;
  firedMs: number;
}

/** So long nothing may fire before it is over: what is on the edge is one incident. */
const CALM_MS = 300_000;
const LEVELS: readonly AlertLevel[] = ["page", "ticket"];

export class BurnWatch {
  readonly #open = new Map<AlertLevel, Open>();

  constructor(private readonly tracker: SloTracker) {}

  get open(): number {
    return this.#open.size;
  }

  /** One that an earlier process opened goes on. False when there is no such SLO any more. */
  resume(incident: BurnIncident, nowMs: number): boolean {
    const tracked = this.tracker.tracked.find(({ slo }) => slo === incident.slo);
    if (tracked === undefined || this.#open.has(incident.alert.level)) return false;
    this.#open.set(incident.alert.level, { incident, tracked, firedMs: nowMs });
    return true;
  }

  /**
   * @param nowMs Unix ms, never before that of an earlier call
   * @param heardMs up to when an incident by its requests told of the service; Infinity: it still does
   */
  turn(nowMs: number, heardMs: number): BurnChange[] {
    this.tracker.advance(nowMs);
    const firing = this.tracker.tracked.flatMap((tracked) =>
      alertStates(tracked.meter, nowMs).filter((state) => state.firing).map(({ alert }) => ({
        tracked,
        alert,
        ...burnOf(tracked, alert, nowMs),
      }))
    ).sort((a, b) => b.burnRate - a.burnRate);
    const changes: BurnChange[] = [];
    for (const level of LEVELS) {
      const own = firing.filter(({ alert }) => alert.level === level);
      const open = this.#open.get(level);
      if (open !== undefined) {
        if (own.length > 0) open.firedMs = nowMs;
        if (nowMs - open.firedMs < CALM_MS) continue;
        const { incident, tracked } = open;
        const empty = tracked.meter.window(incident.alert.shortS, nowMs).total === 0;
        changes.push({ kind: "closed", incident, because: empty ? "no_traffic" : "recovered", atMs: open.firedMs });
        this.#open.delete(level);
        continue;
      }
      const worst = own.find(({ alert }) => nowMs - heardMs >= alert.shortS * 1000);
      if (worst === undefined || (level === "ticket" && this.#open.has("page"))) continue;
      const { tracked, alert, errorRatio, burnRate } = worst;
      const incident = { slo: tracked.slo, alert, errorRatio, burnRate, openedMs: nowMs };
      this.#open.set(level, { incident, tracked, firedMs: nowMs });
      changes.push({ kind: "opened", incident });
    }
    return changes;
  }
}

function burnOf({ slo, meter }: Tracked, { longS }: BurnAlert, nowMs: number) {
  const { ratio } = meter.window(longS, nowMs);
  if (ratio === null) return { errorRatio: 0, burnRate: 0 };
  const budget = slack(slo.objective);
  return { errorRatio: nearest(ratio.n, ratio.d), burnRate: nearest(ratio.n * budget.d, ratio.d * budget.n) };
}
