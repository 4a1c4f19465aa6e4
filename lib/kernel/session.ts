/**
 * The probes of one agent: loaded, attached, drained, and gone when disposed of. A probe that cannot be had is a value with a
 * reason, not an error; only when there is none at all does opening fail. Bytes go out of here as they are: lib/decode reads them.
 */
import { cgroupRoots } from "../host/cgroup_dirs.ts";
import { SloctlError, UnsupportedError } from "../model/errors.ts";
import type { ProbeName } from "../model/signals.ts";
import { type BpfMap, u32Key, u64Key } from "./bpf_map.ts";
import { BpfObject } from "./bpf_object.ts";
import { hasMember, presentTracepoints } from "./kernel_btf.ts";
import { knownCalls } from "./known_calls.ts";
import { attempts, PROBES, type ProbeSpec, programsWithout } from "./probes.ts";
import { type OnRecord, Ring } from "./ring.ts";
import { programRuns, type RunCount } from "./run_stats.ts";

/** Size of the ring, RING_BYTES in bpf/probe.bpf.h. */
const RING_BYTES = 4 * 1024 * 1024;
/** 64-bit words of struct llm_slo_timed. */
const TIMED_WORDS = 3;
/** Marks a key of the targets map as a cgroup id. */
const CGROUP_KEY = 1n << 63n;

export interface SessionOptions {
  readonly probes: readonly ProbeName[];
  /**
   * `config` of every probe (lib/decode/config.ts); it begins with the thresholds. Given whether the kernel tells when an application
   * reads, and the probe's place in tables that have one for each.
   */
  readonly config: (haveRead: boolean, place: number) => Uint8Array<ArrayBuffer>;
  readonly pids?: readonly number[];
  readonly cgroupIds?: readonly bigint[];
  /** Entries of tables in the kernel, by name, where a test wants them full. */
  readonly tables?: Readonly<Record<string, number>>;
}

/**
 * Unanswered queries and what belongs to them (`dns_...`), connects under way (`connecting`, `connect_calls`), segments sent (`tcp_sent`), thread states (`threads`), open turns (`conns`), what was not told one by one
 * (`tallies`), and what is under way (`requests`, `reclaiming`, `calling`).
 */
export type ReadMap =
  | "dns_pending"
  | "dns_failures"
  | "dns_sending"
  | "dns_streams"
  | "connecting"
  | "connect_calls"
  | "tcp_sent"
  | "threads"
  | "conns"
  | "unseen"
  | "tallies"
  | "requests"
  | "reclaiming"
  | "calling";

export interface MissingProbe {
  readonly probe: ProbeName;
  readonly reason: string;
  readonly costs: string;
}

export interface ProgramCost extends RunCount {
  readonly probe: ProbeName;
  readonly program: string;
}

export class ProbeSession implements Disposable {
  readonly attached: ProbeName[] = [];
  readonly missing: MissingProbe[] = [];
  /** True when the kernel tells when an application has read from a socket. */
  readonly haveRead: boolean;
  /** True when the kernel marks a thread whose CPU quota is spent. */
  readonly marksThrottled: boolean;
  readonly #maps = new Map<string, BpfMap>();
  readonly #objects = new Map<ProbeName, BpfObject>();
  /** Objects that made maps others use, and could not be attached themselves. */
  readonly #holders: BpfObject[] = [];
  readonly #cgroup: string;
  readonly #shed = new Set<ProbeName>();
  #ring: Ring | undefined;

  /**
   * @throws UnsupportedError when no probe at all could be attached, saying why each could not.
   */
  constructor(options: SessionOptions) {
    const { unified } = cgroupRoots();
    const tracepoints = presentTracepoints(PROBES.flatMap((spec) => [...spec.needs, ...Object.values(spec.optional)]));
    if (tracepoints === null) {
      throw new UnsupportedError(
        "Cannot load a probe: this kernel has no BTF (/sys/kernel/btf/vmlinux)",
        "Boot a kernel built with CONFIG_DEBUG_INFO_BTF=y; distribution kernels since 2021 are",
      );
    }
    this.haveRead = tracepoints.has("sock_recv_length");
    this.marksThrottled = hasMember("task_struct", "throttled");
    this.#cgroup = unified;
    for (const spec of PROBES.filter((spec) => options.probes.includes(spec.probe))) {
      const lacking = spec.needs.find((name) => !tracepoints.has(name));
      if (lacking !== undefined) this.#miss(spec, `this kernel has no tracepoint ${lacking}`);
      else this.#open(spec, options.config(this.haveRead, PROBES.indexOf(spec)), tracepoints, options, unified);
    }
    const events = this.#maps.get("events");
    if (events === undefined) {
      const reasons = [...new Set(this.missing.map((m) => `${m.probe}: ${m.reason}`))].join("; ");
      throw new UnsupportedError(
        `Cannot watch this machine: no probe could be attached (${reasons})`,
        "Run as root, or with CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN, outside of a container that withholds them",
      );
    }
    this.#ring = new Ring(events.fd, RING_BYTES);
  }

  #open(
    spec: ProbeSpec,
    config: Uint8Array<ArrayBuffer>,
    tracepoints: ReadonlyMap<string, number>,
    options: SessionOptions,
    cgroup: string,
  ) {
    const without = programsWithout(spec, tracepoints);
    let reason = "";
    for (const also of attempts(spec)) {
      const refusal = this.#try(spec, config, new Set([...without, ...also]), options, cgroup);
      if (refusal === null) return;
      reason = refusal;
    }
    this.#miss(spec, reason);
  }

  /** Loads and attaches all programs but some. Returns why not, or null. */
  #try(
    spec: ProbeSpec,
    config: Uint8Array<ArrayBuffer>,
    without: ReadonlySet<string>,
    options: SessionOptions,
    cgroup: string,
  ): string | null {
    let object: BpfObject | undefined;
    const added: string[] = [];
    try {
      object = BpfObject.load(spec.probe, objectBytes(spec.probe), {
        config,
        without,
        shared: this.#maps,
        ...(options.tables === undefined ? {} : { tables: options.tables }),
      });
      for (const map of object.maps.values()) {
        if (map.name.startsWith(".") || map.name.includes(".rodata") || this.#maps.has(map.name)) continue;
        this.#maps.set(map.name, map);
        added.push(map.name);
      }
      if (added.includes("tuning")) this.tune(config.subarray(0, this.#maps.get("tuning")!.valueBytes));
      this.#target(options);
      object.attach(cgroup);
      this.#objects.set(spec.probe, object);
      this.attached.push(spec.probe);
      return null;
    } catch (error) {
      if (!(error instanceof SloctlError)) throw error;
      if (added.includes("events")) this.#holders.push(object!); // its maps are everybody's: it stays open, unattached
      else {
        for (const name of added) this.#maps.delete(name);
        object?.[Symbol.dispose]();
      }
      return [error.message, error.hint].filter(Boolean).join("; ");
    }
  }

  #miss(spec: ProbeSpec, reason: string): void {
    this.missing.push({ probe: spec.probe, reason, costs: spec.costs });
  }

  #target(options: SessionOptions): void {
    const one = new Uint8Array([1]);
    for (const pid of options.pids ?? []) this.#maps.get("targets")!.update(u64Key(BigInt(pid)), one);
    for (const id of options.cgroupIds ?? []) this.#maps.get("targets")!.update(u64Key(id | CGROUP_KEY), one);
    const calls = this.#maps.get("known_calls");
    for (const [number, bits] of calls === undefined ? [] : knownCalls(Deno.build.arch)) {
      calls!.update(u32Key(number), new Uint8Array([bits]));
    }
  }

  /** Adds a process while running. */
  addPid(pid: number): void {
    this.#maps.get("targets")?.update(u64Key(BigInt(pid)), new Uint8Array([1]));
  }

  /** Adds a cgroup v2 while running. */
  addCgroup(id: bigint): void {
    this.#maps.get("targets")?.update(u64Key(id | CGROUP_KEY), new Uint8Array([1]));
  }

  /** Stops the programs and keeps the maps and the ring, so that what is left in them can be read at rest. */
  detach(): void {
    for (const object of this.#objects.values()) object.detach();
  }

  /** Changes the thresholds of all probes while they run; `tuning` as lib/decode/config.ts encodes it. */
  tune(tuning: Uint8Array<ArrayBuffer>): void {
    this.#maps.get("tuning")?.update(u32Key(0), tuning);
  }

  /**
   * Takes a probe's programs off their hooks, and forgets what it had under way. `last` runs between the two: what is in its tables can
   * be read at rest. The programs stay loaded.
   */
  shed(probe: ProbeName, last: () => void): void {
    this.#objects.get(probe)?.detach();
    this.#shed.add(probe);
    last();
    for (const name of specOf(probe).underWay) this.#maps.get(name)?.clear();
  }

  /**
   * Puts the programs of a probe that was shed back on their hooks.
   *
   * @throws IoError when the kernel refuses; the probe stays shed then.
   */
  restore(probe: ProbeName): void {
    try {
      this.#objects.get(probe)?.attach(this.#cgroup);
    } catch (error) {
      this.#objects.get(probe)?.detach();
      throw error;
    }
    this.#shed.delete(probe);
    for (const later of specOf(probe).before ?? []) {
      if (this.#shed.has(later) || !this.#objects.has(later)) continue;
      this.#objects.get(later)!.detach();
      this.#objects.get(later)!.attach(this.#cgroup);
    }
    if (probe === "tcp_retransmit") this.adoptSockets();
  }

  /** Hands over every finished record in the ring. Returns how many. */
  drain(onRecord: OnRecord): number {
    return this.#ring?.drain(onRecord) ?? 0;
  }

  /** Records lost because the ring was full, by kind number. */
  drops(): number[] {
    return this.#perKind("drops");
  }

  /** What was not followed because a table in the kernel was full, by the kind number of the record it would have become. */
  untracked(): number[] {
    return this.#perKind("untracked");
  }

  /** Block requests whose end was not told to us. */
  diskEndsUnseen(): number {
    return this.#perKind("ends_unseen")[0] ?? 0;
  }

  #perKind(name: string): number[] {
    const map = this.#maps.get(name);
    const cpus = (map?.valueBytes ?? 0) / 8;
    const counts: number[] = [];
    for (let kind = 0; map !== undefined; kind++) {
      const value = map.lookup(u32Key(kind));
      if (value === null) break;
      counts.push(Number(new BigUint64Array(value.buffer, 0, cpus).reduce((sum, n) => sum + n, 0n)));
    }
    return counts;
  }

  /** Raw values of a map of ours. A map that no attached probe has is empty. */
  *values(map: ReadMap): Generator<{ key: Uint8Array<ArrayBuffer>; value: Uint8Array<ArrayBuffer> }> {
    for (const [key, value] of this.#maps.get(map)?.entries() ?? []) yield { key, value };
  }

  /** False when somebody else, a program in the kernel perhaps, deleted it first. */
  delete(map: ReadMap, key: Uint8Array<ArrayBuffer>): boolean {
    return this.#maps.get(map)?.delete(key) ?? false;
  }

  /** Finds whom the TCP sockets belong to that were open before the probe, or whose process has not shown itself. */
  adoptSockets(): void {
    this.#objects.get("tcp_retransmit")?.iterate("adopt_sockets");
  }

  /** Brings the sums of segments sent (`tcp_sent`) up to date, as far as sockets are still open. */
  accountSockets(): void {
    this.#objects.get("tcp_retransmit")?.iterate("account_sockets", this.#maps.get("tcp_owners"));
  }

  /** Cumulative cost of each probe as its programs timed it themselves: runs, those that were timed, and how long these took. */
  timed(): { readonly probe: ProbeName; readonly runs: number; readonly sampled: number; readonly ns: number }[] {
    const map = this.#maps.get("timed");
    return this.attached.map((probe) => {
      const value = map?.lookup(u32Key(PROBES.indexOf(specOf(probe))));
      const words = value === null || value === undefined ? new BigUint64Array() : new BigUint64Array(value.buffer);
      const sum = (field: number) => Number(words.reduce((sum, n, i) => i % TIMED_WORDS === field ? sum + n : sum, 0n));
      return { probe, runs: sum(0), sampled: sum(1), ns: sum(2) };
    });
  }

  /** Cumulative cost of each program while statistics were on (lib/kernel/run_stats.ts). */
  costs(): ProgramCost[] {
    return this.attached.flatMap((probe) =>
      this.#objects.get(probe)!.programs.map((program) => ({
        probe,
        program: program.name,
        ...programRuns(program.fd),
      }))
    );
  }

  [Symbol.dispose](): void {
    this.#ring?.[Symbol.dispose]();
    for (const object of [...this.#objects.values(), ...this.#holders.splice(0)]) object[Symbol.dispose]();
    this.#objects.clear();
  }
}

function specOf(probe: ProbeName): ProbeSpec {
  return PROBES.find((spec) => spec.probe === probe)!;
}

/** A compiled probe, from the file tree or from what is embedded in the binary. */
function objectBytes(probe: ProbeName): Uint8Array<ArrayBuffer> {
  const path = new URL(`../../bpf/out/${probe}.bpf.o`, import.meta.url);
  try {
    return Deno.readFileSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new UnsupportedError("the BPF objects are not built", "Run `make setup`, or `deno task bpf`");
  }
}
