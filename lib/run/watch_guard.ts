/** The overhead guard at work: asks every window what watching cost, and does what the governor says. */
import { SloctlError } from "../model/errors.ts";
import type { GuardAction, GuardStep, MeasuredBy } from "../model/guard.ts";
import type { ProbeName } from "../model/signals.ts";
import { Governor, type Step } from "../safety/governor.ts";
import { PROBE_WEIGHTS } from "../safety/weights.ts";
import type { WindowCost } from "./watch_cost.ts";

const WINDOW_MS = 10_000;

export interface GuardOptions {
  /** Percent of one CPU: user, system and BPF run time. */
  readonly budgetPct: number;
  /** Default 10 s. */
  readonly windowMs?: number;
  /** How long it must be calm before one step is taken back. Default 60 s. */
  readonly calmMs?: number;
  /** Told of every step, after it was taken. */
  readonly onStep: (step: GuardStep) => void;
}

/** What the guard acts on. */
export interface Guarded {
  readonly attached: readonly ProbeName[];
  readonly measuredBy: () => MeasuredBy;
  /** Cost since the last call. */
  readonly window: () => WindowCost;
  /** Events handed over since the last call, by probe. */
  readonly told: () => Readonly<Record<string, number>>;
  readonly nowNs: () => number;
  readonly raise: (raised: boolean) => void;
  readonly shed: (probe: ProbeName) => void;
  readonly restore: (probe: ProbeName) => void;
}

export class OverheadGuard implements Disposable {
  readonly #options: GuardOptions;
  readonly #on: Guarded;
  readonly #governor: Governor;
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #shed = new Set<ProbeName>();
  readonly #steps: Partial<Record<GuardAction, number>> = {};
  #raised = false;
  #atMs: number;
  #lastPct: number | null = null;

  constructor(options: GuardOptions, on: Guarded) {
    this.#options = options;
    this.#on = on;
    this.#governor = new Governor({
      budgetPct: options.budgetPct,
      weights: Object.fromEntries(on.attached.map((probe) => [probe, PROBE_WEIGHTS[probe]])),
      ...(options.calmMs === undefined ? {} : { calmMs: options.calmMs }),
    });
    on.window();
    on.told();
    this.#atMs = on.nowNs() / 1e6;
    this.#timer = setInterval(() => this.#look(), options.windowMs ?? WINDOW_MS);
  }

  get budgetPct(): number {
    return this.#options.budgetPct;
  }

  /** Cost of the last whole window, in percent of one CPU; null: there was none yet. */
  get lastPct(): number | null {
    return this.#lastPct;
  }

  /** Thresholds are raised now. */
  get raised(): boolean {
    return this.#raised;
  }

  /** Probes that are off now. */
  get shed(): ReadonlySet<ProbeName> {
    return this.#shed;
  }

  /** Steps taken so far, by action. */
  get steps(): Readonly<Partial<Record<GuardAction, number>>> {
    return this.#steps;
  }

  #look(): void {
    const tsNs = this.#on.nowNs();
    const { ownPct, probes } = this.#on.window();
    const told = this.#on.told();
    const kernelPct = probes === null ? null : sum(Object.values(probes));
    const totalPct = ownPct + (kernelPct ?? 0);
    const [fromMs, toMs] = [this.#atMs, tsNs / 1e6];
    this.#atMs = toMs;
    this.#lastPct = totalPct;
    const step = this.#governor.step({ fromMs, toMs, totalPct, costs: costsOf(probes ?? {}, ownPct, told) });
    if (step === null) return;
    const probe = "probe" in step ? { probe: step.probe as ProbeName } : {};
    const refused = this.#take(step);
    this.#steps[step.action] = (this.#steps[step.action] ?? 0) + 1;
    this.#options.onStep({
      tsNs,
      action: step.action,
      ...probe,
      totalPct,
      ownPct,
      kernelPct,
      budgetPct: this.#options.budgetPct,
      measuredBy: this.#on.measuredBy(),
      ...(refused === null ? {} : { refused }),
    });
  }

  /** Returns why it could not be done, or null. */
  #take(step: Step): string | null {
    try {
      switch (step.action) {
        case "raise_thresholds":
        case "lower_thresholds":
          this.#raised = step.action === "raise_thresholds";
          this.#on.raise(this.#raised);
          break;
        case "detach":
          this.#on.shed(step.probe as ProbeName);
          this.#shed.add(step.probe as ProbeName);
          break;
        case "restore":
          this.#on.restore(step.probe as ProbeName);
          this.#shed.delete(step.probe as ProbeName);
          break;
        case "nothing_left":
          break;
      }
      return null;
    } catch (error) {
      if (!(error instanceof SloctlError)) throw error;
      return error.message;
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

/** A probe's BPF time, and its part of our own: by the events it gave us to work on. */
function costsOf(
  kernel: Readonly<Record<string, number>>,
  ownPct: number,
  told: Readonly<Record<string, number>>,
): Record<string, number> {
  const all = sum(Object.values(told));
  const costs = { ...kernel };
  for (const [probe, events] of Object.entries(told)) {
    if (events > 0) costs[probe] = (costs[probe] ?? 0) + ownPct * events / all;
  }
  return costs;
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
