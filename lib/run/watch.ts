/**
 * The kernel as a stream of events: probes attached, ring drained, records decoded, losses counted. One watch is one agent's eyes;
 * what to do with an event is the caller's business.
 */
import { Resolutions } from "../correlate/resolutions.ts";
import { encodeConfig, encodeTuning, type Thresholds, USUAL } from "../decode/config.ts";
import { decodeRecord, decodeThread, type Refusal } from "../decode/record.ts";
import { decodeUnseen, type UnseenUse } from "../decode/unseen.ts";
import { cgroupMounts } from "../host/cgroup_dirs.ts";
import { hostClock } from "../host/clock.ts";
import { stealUnavailable } from "../host/cpu_times.ts";
import { thisMachine } from "../host/ebpf_refusal.ts";
import { giveBackMemory } from "../host/memory.ts";
import { type HostGroups, hostView } from "../host/host_view.ts";
import type { Images } from "../identity/identities.ts";
import { PROBES } from "../kernel/probes.ts";
import { RunStats } from "../kernel/run_stats.ts";
import { ProbeSession, RING_BYTES } from "../kernel/session.ts";
import type { CapabilityMode } from "../model/capability_mode.ts";
import { type Clock, ClockLine } from "../model/clock.ts";
import type { MissingProbe } from "../model/diagnosis.ts";
import type { KernelEvent } from "../model/kernel_event.ts";
import type { ProbeName, SignalName } from "../model/signals.ts";
import { CostMeter, type WatchCost } from "./watch_cost.ts";
import { sweepConnects } from "./watch_connects.ts";
import { sweepDns } from "./watch_dns.ts";
import { dropsByName, dropsBySignal, probeOf } from "./watch_drops.ts";
import { type GuardOptions, OverheadGuard } from "./watch_guard.ts";
import { ProcessNames } from "./watch_names.ts";
import { takeSegments } from "./watch_segments.ts";
import { signalsMissing } from "./watch_missing.ts";
import { Poller } from "./watch_polled.ts";
import { type Unanswered, unanswered } from "./watch_open.ts";
import { requireRights } from "./watch_rights.ts";
import { cgroupIds, cgroupPids, findCgroups } from "./watch_targets.ts";
import { DRAIN_MS, drainPause } from "./watch_pace.ts";
import { raised } from "./watch_thresholds.ts";

const TICK_MS = 1000;
/** Of the guard, and of the samples of cost that are made to fit it. */
const USUAL_WINDOW_MS = 10_000;
/** Ticks between two walks over all TCP sockets that are open. */
const ACCOUNT_EVERY = 10;

export interface WatchOptions {
  /** Default: all. `syscall_latency` needs a target. */
  readonly probes?: readonly ProbeName[];
  /** Tell stolen CPU time; default true. */
  readonly steal?: boolean;
  /** Targets add up; without any, every process is one. */
  readonly pids?: readonly number[];
  readonly comm?: string;
  /**
   * A v2 or v1 directory, or a path as in /proc/PID/cgroup; what is below it counts. New processes of a v1 directory, and new
   * directories, are found once a second.
   */
  readonly cgroupPaths?: readonly string[];
  /** Tell a thread's own timers from other sleep, at the price of a program at every system call. */
  readonly timers: boolean;
  /** Tell the end of each turn of a connection too; default true. Its first response byte is told in any case. */
  readonly ends?: boolean;
  /** Events carry what their threads' counters said; default true. */
  readonly clocks?: boolean;
  /** From when on things are told one by one; default USUAL. */
  readonly thresholds?: Partial<Thresholds>;
  /** Sheds what costs too much; default: nothing is ever shed. */
  readonly guard?: GuardOptions;
  /** Programs time themselves even where the kernel's statistics may be asked for. */
  readonly timeOwnPrograms?: boolean;
  /** Which forms of the probes are wanted; default: each as well as it can be had. */
  readonly mode?: CapabilityMode;
  /** Who tells of throttling; default: each thread where the kernel marks it, else its control group. */
  readonly throttling?: "thread" | "group";
  /** The host's control groups, seen from a container; default: ours. */
  readonly hostGroups?: HostGroups;
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** The record's bytes, a copy, before it is decoded: for recordings. */
  readonly onRecord?: (bytes: Uint8Array<ArrayBuffer>) => void;
  /** An event that no record carries, before it is handed over: for recordings too. */
  readonly onTold?: (event: KernelEvent) => void;
}

export interface Watch extends Disposable {
  readonly coverage: {
    readonly mode: Exclude<CapabilityMode, "auto">;
    readonly attached: readonly string[];
    readonly missing: readonly MissingProbe[];
  };
  /** Names of the programs that are loaded: which of two routes a kernel took. */
  programs(): readonly string[];
  /** Hands over now what is in the ring. */
  flush(): void;
  /** Reads the clocks now: they were read within the last second, or, where we had to wait for a CPU, before that. */
  readClocks(): void;
  /** Stops the probes and hands over all that is left: the last records, and the last partial sum of every thread. */
  finish(): void;
  /**
   * Losses so far: in the kernel because the ring was full, by probe; what was not followed because a table was full, as
   * `<probe>_table_full`; and records refused by the decoder, as `decode_<why>`.
   */
  drops(): Record<string, number>;
  /** Losses in the kernel so far by signal, of those that lost any. */
  dropsBySignal(): Partial<Record<SignalName, number>>;
  /** Handed over so far. */
  readonly events: number;
  cost(): WatchCost;
  /** The programs time themselves: the kernel's statistics of them may not be asked for (no CAP_SYS_ADMIN), or were not wanted. */
  readonly timedByPrograms: boolean;
  /** null: there is none. */
  readonly guard: OverheadGuard | null;
  /** The clocks since the watch began, read once a second: wall time of events, steps and suspends. */
  readonly clocks: ClockLine;
  /** Queries and requests that have no answer yet. */
  unanswered(): Unanswered;
  /** What processes used so far that no probe can look into. */
  unseen(): UnseenUse[];
  /** Path of a control group that was made meanwhile; `hierarchy` as /proc/PID/cgroup numbers it, 0: v2. */
  groupMade(id: bigint, hierarchy: number): string | undefined;
  /** What processes are made of that began, or called exec, meanwhile. */
  readonly images: Images;
}

/**
 * Attaches the probes; events come to `onEvent` within about 0.1 s, in about the order of time, until the watch is disposed of.
 * `onEvent` must not throw.
 *
 * @throws UnsupportedError without the rights, or when nothing can be attached; UsageError when a cgroup is not there.
 */
export function watchKernel(options: WatchOptions, onEvent: (event: KernelEvent) => void): Watch {
  requireRights();
  return new KernelWatch(options, onEvent);
}

class KernelWatch implements Watch {
  readonly coverage: Watch["coverage"];
  readonly clocks: ClockLine;
  readonly #clock: Clock;
  readonly #options: WatchOptions;
  readonly #onEvent: (event: KernelEvent) => void;
  readonly #session: ProbeSession;
  /** Plain forms know threads: null where there are none. */
  readonly #names: ProcessNames | null;
  readonly #meter: CostMeter;
  readonly #poller: Poller;
  readonly timedByPrograms: boolean;
  readonly guard: OverheadGuard | null;
  readonly #thresholds: Thresholds;
  readonly #targets: ReturnType<typeof findCgroups>;
  readonly #resolutions = new Resolutions();
  readonly #refused: Partial<Record<Refusal, number>> = {};
  #events = 0;
  readonly #eventsByProbe = new Map<string, number>();
  #drops: Record<string, number> = {};
  #dropsBySignal: Partial<Record<SignalName, number>> = {};
  #drainTimer: ReturnType<typeof setInterval> | undefined;
  #pauseMs: number = DRAIN_MS.usual;
  #tickTimer: ReturnType<typeof setInterval> | undefined;
  /** A socket has shown up whose process is not known: look for it. */
  #unowned = false;
  #polls = 0;
  #over = false;

  constructor(options: WatchOptions, onEvent: (event: KernelEvent) => void) {
    this.#options = options;
    this.#onEvent = onEvent;
    this.#clock = options.clock ?? hostClock;
    this.clocks = new ClockLine(this.#clock.read());
    this.#targets = findCgroups(options.cgroupPaths ?? [], options.hostGroups);
    const pids = [...options.pids ?? [], ...cgroupPids(this.#targets)];
    const byPid = pids.length > 0 || this.#targets.v1.length > 0;
    const byCgroup = this.#targets.v2.length > 0;
    const targeted = byPid || byCgroup || options.comm !== undefined;
    const comm = options.comm === undefined ? {} : { comm: options.comm };
    const wanted = options.probes ?? PROBES.map((spec) => spec.probe);
    const calls = wanted.includes("syscall_latency") && targeted;
    this.#thresholds = { ...USUAL, ...options.thresholds };
    const bySelf = options.timeOwnPrograms ?? !kernelMeasures();
    this.timedByPrograms = bySelf;
    const { v1 } = options.hostGroups ?? hostView().cgroups;
    const session = new ProbeSession({
      ...(options.hostGroups === undefined ? {} : { hostGroups: options.hostGroups }),
      // Programs at every system call of the machine: for targets, or for the timers of threads, or not at all.
      probes: wanted.filter((probe) => probe !== "syscall_latency" || calls || options.timers),
      ...(options.mode === undefined ? {} : { mode: options.mode }),
      pids,
      cgroupIds: cgroupIds(this.#targets),
      config: (haveRead, place) =>
        encodeConfig({
          ...USUAL,
          ...options.thresholds,
          ...(bySelf ? { timedPlace: place } : {}),
          timers: options.timers,
          calls,
          ...(options.ends === undefined ? {} : { ends: options.ends }),
          ...(options.clocks === undefined ? {} : { clocks: options.clocks }),
          haveRead,
          v1,
          byPid,
          byCgroup,
          ...comm,
        }),
    });
    this.#session = session;
    this.#names = session.plain.length === 0 ? null : new ProcessNames();
    const { guard } = options;
    this.#meter = new CostMeter(session, {
      bySelf,
      ...(guard?.windowMs === undefined ? {} : { pace: Math.min(1, guard.windowMs / USUAL_WINDOW_MS) }),
    });
    const byGroup = session.attached.includes("runqueue_delay") &&
      (options.throttling ?? (session.marksThrottled ? "thread" : "group")) === "group";
    const quotaRoot = cgroupMounts(options.hostGroups).cpu ?? session.cgroupRoot;
    const steal = options.steal === false ? null : stealUnavailable(thisMachine());
    this.#poller = new Poller(session, this.#clock.monotonicNs(), {
      steal: options.steal !== false && steal === null,
      quota: byGroup && quotaRoot !== null
        ? {
          root: quotaRoot,
          v2: cgroupMounts(options.hostGroups).cpuVersion === 2,
          pids: options.pids ?? [],
          cgroups: this.#targets,
          ...comm,
        }
        : null,
    });
    this.coverage = {
      mode: session.mode,
      attached: [...session.attached, ...(options.steal !== false && steal === null ? ["cpu_steal"] : [])],
      missing: [
        ...session.missing,
        ...signalsMissing({
          attached: session.attached,
          haveRead: session.haveRead,
          plain: session.plain,
          throttledByGroup: byGroup,
          noQuotas: quotaRoot === null,
          callsWithoutTarget: wanted.includes("syscall_latency") && !targeted,
          steal,
        }),
      ],
    };
    session.adoptSockets();
    giveBackMemory(); // libbpf has read the types of the whole kernel
    this.guard = guard === undefined ? null : new OverheadGuard(guard, {
      attached: session.attached,
      measuredBy: () => this.#meter.cost().measured_by,
      window: () => this.#meter.window(),
      told: () => this.#takeEventsByProbe(),
      nowNs: () => this.#clock.monotonicNs(),
      raise: (up) => session.tune(encodeTuning(up ? raised(this.#thresholds) : this.#thresholds)),
      shed: (probe) => session.shed(probe, () => this.#lastOf(probe)),
      restore: (probe) => session.restore(probe),
    });
    this.readClocks(); // only now does it watch: loading the programs takes a second where others want the CPU too
    this.#scheduleDrain();
    this.#scheduleTick();
  }

  get events(): number {
    return this.#events;
  }

  programs(): readonly string[] {
    return this.#session.programs();
  }

  flush(): void {
    if (this.#over) return;
    this.#session.exeNames.look();
    this.#session.drain((view, at, length) => this.#record(view, at, length));
  }

  readClocks(): void {
    this.clocks.add(this.#clock.read());
  }

  finish(): void {
    if (this.#over) return;
    this.readClocks();
    this.#sweep(true);
    this.#session.accountSockets();
    this.#session.detach(); // at rest: what a thread has told in a record cannot be in its state too
    this.flush();
    this.#poll();
    this.#threadSums();
    this[Symbol.dispose]();
  }

  /** What a probe whose programs have just been taken off their hooks still has to tell. */
  #lastOf(probe: ProbeName): void {
    this.flush();
    if (probe === "runqueue_delay") this.#threadSums();
  }

  /** What every thread has not told yet of its short waits. */
  #threadSums(): void {
    const nowNs = this.#clock.monotonicNs();
    for (const { key, value } of this.#session.values("threads")) {
      const sum = decodeThread(viewOf(key).getUint32(0, true), viewOf(value), nowNs);
      if (sum !== null) this.#tell(sum);
    }
  }

  #takeEventsByProbe(): Record<string, number> {
    const taken = Object.fromEntries(this.#eventsByProbe);
    this.#eventsByProbe.clear();
    return taken;
  }

  drops(): Record<string, number> {
    if (!this.#over) {
      const [lost, untracked] = [this.#session.drops(), this.#session.untracked()];
      this.#drops = dropsByName(this.coverage.attached, lost, this.#refused, untracked);
      this.#dropsBySignal = dropsBySignal(lost, untracked);
    }
    return { ...this.#drops };
  }

  dropsBySignal(): Partial<Record<SignalName, number>> {
    this.drops();
    return { ...this.#dropsBySignal };
  }

  cost(): WatchCost {
    return this.#meter.cost();
  }

  unseen(): UnseenUse[] {
    return [...this.#session.values("unseen")].map(({ key, value }) => decodeUnseen(viewOf(key), viewOf(value)));
  }

  groupMade(id: bigint, hierarchy: number): string | undefined {
    return this.#session.groupNames.path(id, hierarchy);
  }

  get images(): Images {
    return this.#session.exeNames;
  }

  unanswered(): Unanswered {
    return unanswered(this.#session, this.#clock.monotonicNs());
  }

  #scheduleDrain(): void {
    // An interval costs a quarter less than a timer that is made again each time.
    this.#drainTimer = setInterval(() => {
      const pauseMs = drainPause(this.#session.waitingBytes / RING_BYTES, this.#pauseMs);
      this.flush();
      if (pauseMs === this.#pauseMs || this.#over) return;
      clearInterval(this.#drainTimer);
      this.#pauseMs = pauseMs;
      this.#scheduleDrain();
    }, this.#pauseMs);
  }

  #scheduleTick(): void {
    this.#tickTimer = setInterval(() => {
      this.readClocks();
      this.#sweep();
      this.#poll();
      for (const pid of cgroupPids(this.#targets)) this.#session.addPid(pid);
      for (const id of cgroupIds(this.#targets)) this.#session.addCgroup(id);
    }, TICK_MS);
  }

  #poll(): void {
    const nowNs = this.#clock.monotonicNs();
    const { records, events } = this.#poller.take(nowNs);
    for (const bytes of records) this.#record(viewOf(bytes), 0, bytes.byteLength);
    for (const event of [...events, ...takeSegments(this.#session, nowNs)]) this.#tell(event);
    if (this.#unowned) this.#session.adoptSockets();
    this.#unowned = false;
    if (++this.#polls % ACCOUNT_EVERY === 0) this.#session.accountSockets();
  }

  #record(view: DataView, at: number, length: number): void {
    if (this.#options.onRecord !== undefined) {
      this.#options.onRecord(new Uint8Array(view.buffer as ArrayBuffer, view.byteOffset + at, length).slice());
    }
    const event = decodeRecord(view, at, length);
    if (typeof event === "string") this.#refused[event] = (this.#refused[event] ?? 0) + 1;
    else this.#hand(event);
  }

  #tell(event: KernelEvent): void {
    this.#options.onTold?.(event);
    this.#hand(event);
  }

  #hand(event: KernelEvent): void {
    this.#events++;
    const probe = probeOf(event);
    if (probe !== undefined) this.#eventsByProbe.set(probe, (this.#eventsByProbe.get(probe) ?? 0) + 1);
    if (event.kind === "retransmit" && event.owner.pid === 0) this.#unowned = true;
    const named = this.#names?.name(event) ?? event;
    if (named.kind === "dns") (named as { resolution?: string }).resolution = this.#resolutions.of(named); // it is ours yet
    this.#onEvent(named);
  }

  /** DNS queries that nobody answered, and connects that never began, leave the kernel's tables as failures. */
  #sweep(last = false): void {
    const nowNs = this.#clock.monotonicNs();
    for (const record of [...sweepDns(this.#session, nowNs), ...sweepConnects(this.#session, nowNs, last)]) {
      this.#record(viewOf(record), 0, record.byteLength);
    }
  }

  [Symbol.dispose](): void {
    if (this.#over) return;
    this.drops();
    this.#over = true;
    clearInterval(this.#drainTimer);
    clearInterval(this.#tickTimer);
    this.guard?.[Symbol.dispose]();
    this.#meter[Symbol.dispose]();
    this.#session[Symbol.dispose]();
  }
}

/** Whether this process may ask the kernel what its programs cost. */
function kernelMeasures(): boolean {
  using stats = new RunStats();
  return stats.enabled;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
