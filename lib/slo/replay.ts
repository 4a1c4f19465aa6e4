/** A recorded past, played through the very tracker that watches the present. Pure. */
import { nearest } from "../stats/decimal.ts";
import { durationText } from "./duration.ts";
import { alertStates } from "./meter.ts";
import { type AlertLevel, slack, type Slo, type SloFile } from "./slo.ts";
import { type SloStatus, sloStatus } from "./status.ts";
import { type RequestFacts, SloTracker, type Tracked } from "./tracker.ts";

export interface FiredAlert {
  readonly level: AlertLevel;
  readonly severity: string;
  /** The pairs that held at some time in it: "1h/5m". */
  readonly windows: readonly string[];
  readonly fromMs: number;
  /** Null: still firing at the end. */
  readonly toMs: number | null;
  readonly peakBurn: number;
}

export interface Replayed {
  readonly slo: Slo;
  /** At the end. */
  readonly status: SloStatus;
  readonly alerts: readonly FiredAlert[];
  /** When the budget first was spent; null: it was not. */
  readonly exhaustedAtMs: number | null;
}

export interface Replay {
  readonly slos: readonly Replayed[];
  readonly stepMs: number;
  readonly foreign: number;
}

const STEP_MS = 30_000;
/** A longer record is looked at less often. */
const MOST_STEPS = 40_000;

/** `requests` in the order they ended; at least one. */
export function replay(file: SloFile, requests: readonly RequestFacts[]): Replay {
  const tracker = new SloTracker(file);
  const watchers = tracker.tracked.map((tracked) => new Watcher(tracked));
  const [first, last] = [requests[0]!.endMs, requests.at(-1)!.endMs];
  const stepMs = Math.max(1, Math.ceil((last - first) / MOST_STEPS / STEP_MS)) * STEP_MS;
  const quietMs = 1000 * Math.max(...tracker.tracked.flatMap(({ meter }) => meter.windows));
  const look = (nowMs: number) => {
    tracker.advance(nowMs);
    for (const watcher of watchers) watcher.look(nowMs);
  };
  let next = Math.floor(first / stepMs + 1) * stepMs;
  let before = first;
  for (const request of requests) {
    for (; next <= request.endMs; next += stepMs) {
      // Nothing moves once every window is empty.
      if (next > before + quietMs + 2 * stepMs) next = Math.floor(request.endMs / stepMs) * stepMs;
      look(next);
    }
    tracker.observe(request, request.endMs);
    before = request.endMs;
  }
  // Slices are judged when they are over, and a slice later at the latest.
  const slices = file.slos.map(({ slice }) => slice?.seconds ?? 0);
  const endMs = last + 2000 * Math.max(...slices);
  look(endMs);
  return { slos: watchers.map((watcher) => watcher.end(endMs)), stepMs, foreign: tracker.foreign };
}

interface Open {
  readonly fromMs: number;
  readonly windows: Set<string>;
  peakBurn: number;
}

class Watcher {
  readonly #alerts: FiredAlert[] = [];
  readonly #open = new Map<AlertLevel, Open>();
  /** Since when each alert of the SLO holds. */
  readonly #since = new Map<number, number>();
  #exhaustedAtMs: number | null = null;

  constructor(readonly tracked: Tracked) {}

  look(nowMs: number): void {
    const { slo, meter } = this.tracked;
    const firing = new Map<AlertLevel, { windows: string[]; burn: number }>();
    for (const [i, { alert, firing: holds }] of alertStates(meter, nowMs).entries()) {
      if (!holds) {
        this.#since.delete(i);
        continue;
      }
      const since = this.#since.get(i) ?? nowMs;
      this.#since.set(i, since);
      if (nowMs - since < alert.forS * 1000) continue;
      const { n, d } = meter.window(alert.longS, nowMs).ratio!;
      const budget = slack(slo.objective);
      const burn = nearest(n * budget.d, d * budget.n);
      const found = firing.get(alert.level) ?? { windows: [], burn: 0 };
      found.windows.push(`${durationText(alert.longS)}/${durationText(alert.shortS)}`);
      firing.set(alert.level, { ...found, burn: Math.max(found.burn, burn) });
    }
    for (const level of ["page", "ticket"] as const) this.#step(level, firing.get(level), nowMs);
    const { ratio } = meter.period(nowMs);
    const budget = slack(slo.objective);
    if (ratio !== null && ratio.n * budget.d >= budget.n * ratio.d) this.#exhaustedAtMs ??= nowMs;
  }

  #step(level: AlertLevel, firing: { windows: string[]; burn: number } | undefined, nowMs: number): void {
    const open = this.#open.get(level);
    if (firing === undefined) {
      if (open !== undefined) this.#close(level, open, nowMs);
      return;
    }
    const now = open ?? { fromMs: nowMs, windows: new Set<string>(), peakBurn: 0 };
    for (const pair of firing.windows) now.windows.add(pair);
    now.peakBurn = Math.max(now.peakBurn, firing.burn);
    this.#open.set(level, now);
  }

  #close(level: AlertLevel, { fromMs, windows, peakBurn }: Open, toMs: number | null): void {
    this.#open.delete(level);
    const severity = this.tracked.slo.severity[level];
    this.#alerts.push({ level, severity, windows: [...windows], fromMs, toMs, peakBurn });
  }

  end(nowMs: number): Replayed {
    for (const [level, open] of this.#open) this.#close(level, open, null);
    return {
      slo: this.tracked.slo,
      status: sloStatus(this.tracked, nowMs),
      alerts: this.#alerts.sort((a, b) => a.fromMs - b.fromMs),
      exhaustedAtMs: this.#exhaustedAtMs,
    };
  }
}
