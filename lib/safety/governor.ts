/**
 * What to give up when watching costs too much, and when to take it back. A state machine: it is told what each window of time cost, and
 * says at most one step; whoever asks takes it. No clock of its own.
 */

export interface GovernorOptions {
  /** Percent of one CPU. */
  readonly budgetPct: number;
  /** What can be shed, and how much it is worth: of two that cost the same the one with the smaller weight goes first. */
  readonly weights: Readonly<Record<string, number>>;
  /** How long it must have been calm before one step is taken back. Default 60 s. */
  readonly calmMs?: number;
}

/** One window of time. */
export interface Reading {
  readonly fromMs: number;
  readonly toMs: number;
  /** Percent of one CPU: user, system and BPF run time together. */
  readonly totalPct: number;
  /** Each probe's part of it. */
  readonly costs: Readonly<Record<string, number>>;
}

export type Step =
  | { readonly action: "raise_thresholds" | "lower_thresholds" | "nothing_left" }
  | { readonly action: "detach" | "restore"; readonly probe: string };

/** Windows over the budget in a row before a step is taken. */
const OVER_WINDOWS = 2;
/** Share of the budget below which it is calm. */
const CALM = 0.7;
const CALM_MS = 60_000;
/** What had to be shed again after it was restored waits twice as long, so often at most. */
const MOST_DOUBLINGS = 4;

const THRESHOLDS = "thresholds";

export class Governor {
  readonly #options: GovernorOptions;
  readonly #left: Set<string>;
  /** In the order in which they were given up; taken back from the end. */
  readonly #given: string[] = [];
  readonly #times = new Map<string, number>();
  #over = 0;
  #calmSince: number | null = null;
  #saidAll = false;

  constructor(options: GovernorOptions) {
    this.#options = options;
    this.#left = new Set(Object.keys(options.weights));
  }

  /** What this window asks for; null: nothing. */
  step(reading: Reading): Step | null {
    const { budgetPct } = this.#options;
    this.#over = reading.totalPct > budgetPct ? this.#over + 1 : 0;
    if (reading.totalPct >= CALM * budgetPct) this.#calmSince = null;
    else this.#calmSince ??= reading.fromMs;
    if (this.#over >= OVER_WINDOWS) {
      this.#over = 0;
      return this.#giveUp(reading);
    }
    const last = this.#given.at(-1);
    if (last === undefined || this.#calmSince === null || reading.toMs - this.#calmSince < this.#patience(last)) {
      return null;
    }
    this.#calmSince = reading.toMs;
    this.#saidAll = false;
    this.#given.pop();
    if (last === THRESHOLDS) return { action: "lower_thresholds" };
    this.#left.add(last);
    return { action: "restore", probe: last };
  }

  #giveUp({ costs }: Reading): Step | null {
    if (!this.#given.includes(THRESHOLDS)) return this.#give(THRESHOLDS, { action: "raise_thresholds" });
    const worth = (probe: string) => (costs[probe] ?? 0) / this.#options.weights[probe]!;
    // Where none is known to cost anything the least of them goes.
    const [probe] = [...this.#left].sort((a, b) =>
      worth(b) - worth(a) || this.#options.weights[a]! - this.#options.weights[b]!
    );
    if (probe !== undefined) {
      this.#left.delete(probe);
      return this.#give(probe, { action: "detach", probe });
    }
    if (this.#saidAll) return null;
    this.#saidAll = true;
    return { action: "nothing_left" };
  }

  #give(what: string, step: Step): Step {
    this.#given.push(what);
    this.#times.set(what, (this.#times.get(what) ?? 0) + 1);
    return step;
  }

  /** How long it must be calm before this is taken back. */
  #patience(what: string): number {
    const again = Math.min(MOST_DOUBLINGS, (this.#times.get(what) ?? 1) - 1);
    return (this.#options.calmMs ?? CALM_MS) * 2 ** again;
  }
}
