/**
 * The probes of one agent: loaded, attached, drained, and gone when disposed of. A probe that cannot be had is a value with a
 * reason, not an error; only when there is none at all does opening fail. Bytes go out of here as they are: lib/decode reads them.
 */
import { openCgroupRoot } from "../host/cgroup_root.ts";
import type { HostGroups } from "../host/host_view.ts";
import { SloctlError, UnsupportedError } from "../model/errors.ts";
import type { CapabilityMode } from "../model/capability_mode.ts";
import type { ProbeName } from "../model/signals.ts";
import { type BpfMap, u32Key, u64Key } from "./bpf_map.ts";
import { BpfObject, type LoadOptions } from "./bpf_object.ts";
import { hasMember, presentHooks } from "./kernel_btf.ts";
import { ExeNames } from "./exe_names.ts";
import { GroupNames } from "./group_names.ts";
import { knownCalls } from "./known_calls.ts";
import { HOOKS, levels, type PlainForm, PROBES, type ProbeSpec, programsWithout } from "./probes.ts";
import { lackOf, objectBytes, tracepointFields } from "./probe_inputs.ts";
import { type OnRecord, Ring } from "./ring.ts";
import { programRuns, type RunCount } from "./run_stats.ts";

/** Size of the ring, RING_BYTES in bpf/probe.bpf.h. */
export const RING_BYTES = 4 * 1024 * 1024;
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
  /** The host's control groups, seen from a container; default: ours. */
  readonly hostGroups?: HostGroups;
  /** Default auto: every probe as well as it can be had. core_full: no plain forms; bcc_degraded: plain forms alone. */
  readonly mode?: CapabilityMode;
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
  | "dns_askers"
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
  /** Those of the attached that are here in their plain form, without BTF. */
  readonly plain: ProbeName[] = [];
  #haveRead = false;
  /** True when the kernel marks a thread whose CPU quota is spent. */
  readonly marksThrottled: boolean;
  /** Directory of the root of cgroup v2, mounted for us alone if need be; null: it cannot be had. */
  readonly cgroupRoot: string | null;
  /** Of control groups that were made since then. */
  readonly groupNames: GroupNames;
  /** Of processes that began or called exec since then. */
  readonly exeNames: ExeNames;
  readonly #maps = new Map<string, BpfMap>();
  readonly #objects = new Map<ProbeName, BpfObject>();
  readonly #shed = new Set<ProbeName>();
  /** What the plain forms ask whose a socket is. */
  #socketOwner: BpfObject | undefined;
  /** Objects that made maps others use, and could not be attached themselves; and whatever else must stay open. */
  readonly #holders: Disposable[] = [];
  #ring: Ring | undefined;

  /**
   * @throws UnsupportedError when no probe at all could be attached, saying why each could not.
   */
  constructor(options: SessionOptions) {
    const root = openCgroupRoot(options.hostGroups);
    this.#holders.push(root);
    this.cgroupRoot = root.path;
    // Before any event is told: whose it is, is known by then.
    this.groupNames = new GroupNames(objectBytes("group_names"));
    this.exeNames = new ExeNames(objectBytes("exe_names"));
    this.#holders.push(this.groupNames, this.exeNames);
    const tracepoints = presentHooks(HOOKS);
    this.marksThrottled = hasMember("task_struct", "throttled");
    for (const spec of PROBES.filter((spec) => options.probes.includes(spec.probe))) {
      this.#open(spec, tracepoints, options);
    }
    const events = this.#maps.get("events");
    if (events === undefined || this.attached.length === 0) {
      this[Symbol.dispose]();
      const reasons = [...new Set(this.missing.map((m) => `${m.probe}: ${m.reason}`))].join("; ");
      throw new UnsupportedError(
        `Cannot watch this machine: no probe could be attached (${reasons})`,
        "Run as root, or with CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN, outside of a container that withholds them",
      );
    }
    this.#ring = new Ring(events.fd, RING_BYTES);
  }

  /** Tries the ways to have a probe, the best one first. */
  #open(spec: ProbeSpec, tracepoints: ReadonlyMap<string, number> | null, options: SessionOptions): void {
    const without = programsWithout(spec, tracepoints ?? new Map());
    const noBtf = options.mode === "bcc_degraded"
      ? "capability mode bcc_degraded: BTF is not used"
      : lackOf(spec, tracepoints);
    let reason = noBtf ?? "";
    for (const { object, plain, attempts, loses } of levels(spec)) {
      if (plain === undefined ? noBtf !== null : options.mode === "core_full") continue;
      let refusal = "";
      for (const also of attempts) {
        if (also.length > 0 && also.every((program) => without.has(program))) continue; // tried already
        const skipped = new Set([...without, ...also]);
        const haveRead = plain === undefined && (spec.reads ?? []).some((program) => !skipped.has(program));
        const config = options.config(haveRead, PROBES.indexOf(spec));
        const answer = plain === undefined
          ? this.#load(object, { config, without: skipped }, options)
          : this.#loadPlain(object, plain, config, options);
        if (typeof answer !== "string") {
          this.#haveRead ||= haveRead;
          this.#objects.set(spec.probe, answer);
          this.attached.push(spec.probe);
          if (plain !== undefined) this.plain.push(spec.probe);
          if (loses !== null) this.missing.push({ probe: spec.probe, reason: `in part: ${reason}`, costs: loses });
          return;
        }
        refusal = answer;
      }
      reason = plain === undefined ? reason || refusal : `${reason}; its plain form: ${refusal}`;
    }
    this.missing.push({ probe: spec.probe, reason, costs: spec.costs });
  }

  /** A form that needs no BTF, and before the first of them what all of them ask whose a socket is. */
  #loadPlain(
    name: string,
    { tracepoint }: PlainForm,
    config: Uint8Array<ArrayBuffer>,
    options: SessionOptions,
  ): BpfObject | string {
    if (this.#socketOwner === undefined) {
      const answer = this.#load("socket_owner.plain", { config, without: new Set() }, options);
      if (typeof answer === "string") return answer;
      this.#socketOwner = answer;
    }
    try {
      const fields = tracepoint === undefined ? {} : { fields: tracepointFields(...tracepoint) };
      return this.#load(name, { config, without: new Set(), ...fields }, options);
    } catch (error) {
      if (!(error instanceof SloctlError)) throw error;
      return error.message;
    }
  }

  /** Loads and attaches all programs but some. Yields why not, where that cannot be. */
  #load(
    name: string,
    how: Pick<LoadOptions, "config" | "without" | "fields">,
    options: SessionOptions,
  ): BpfObject | string {
    let object: BpfObject | undefined;
    const added: string[] = [];
    try {
      object = BpfObject.load(name, objectBytes(name), {
        ...how,
        shared: this.#maps,
        ...(options.tables === undefined ? {} : { tables: options.tables }),
      });
      for (const map of object.maps.values()) {
        if (map.name.startsWith(".") || map.name.includes(".rodata") || this.#maps.has(map.name)) continue;
        this.#maps.set(map.name, map);
        added.push(map.name);
      }
      if (added.includes("tuning")) this.tune(how.config.subarray(0, this.#maps.get("tuning")!.valueBytes));
      this.#target(options);
      object.attach(this.cgroupRoot);
      return object;
    } catch (error) {
      if (!(error instanceof SloctlError)) throw error;
      object?.detach();
      if (added.includes("events")) this.#holders.push(object!); // its maps are everybody's: it stays open, unattached
      else {
        for (const name of added) this.#maps.delete(name);
        object?.[Symbol.dispose]();
      }
      return [error.message, error.hint].filter(Boolean).join("; ");
    }
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

  /** True when the kernel tells when an application has read from a socket. */
  get haveRead(): boolean {
    return this.#haveRead;
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
    this.#socketOwner?.detach();
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
      this.#objects.get(probe)?.attach(this.cgroupRoot);
    } catch (error) {
      this.#objects.get(probe)?.detach();
      throw error;
    }
    this.#shed.delete(probe);
    for (const later of specOf(probe).before ?? []) {
      if (this.#shed.has(later) || !this.#objects.has(later)) continue;
      this.#objects.get(later)!.detach();
      this.#objects.get(later)!.attach(this.cgroupRoot);
    }
    if (probe === "tcp_retransmit") this.adoptSockets();
  }

  /** Hands over every finished record in the ring. Returns how many. */
  drain(onRecord: OnRecord): number {
    return this.#ring?.drain(onRecord) ?? 0;
  }

  /** How much of the ring is taken now. */
  get waitingBytes(): number {
    return this.#ring?.waitingBytes ?? 0;
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

  /** Names of all programs that are loaded. */
  programs(): string[] {
    return [...this.#objects.values()].flatMap(({ programs }) => programs.map(({ name }) => name));
  }

  /** Cumulative cost of each program while statistics were on (lib/kernel/run_stats.ts). */
  costs(): ProgramCost[] {
    const objects: [ProbeName, BpfObject][] = this.attached.map((probe) => [probe, this.#objects.get(probe)!]);
    // What all plain forms need is told with the first of them.
    if (this.#socketOwner !== undefined && this.plain.length > 0) objects.push([this.plain[0]!, this.#socketOwner]);
    return objects.flatMap(([probe, { programs }]) =>
      programs.map(({ name, fd }) => ({ probe, program: name, ...programRuns(fd) }))
    );
  }

  /** core_full: BTF is used, by whatever can use it; bcc_degraded: plain forms alone are attached. */
  get mode(): Exclude<CapabilityMode, "auto"> {
    return this.plain.length < this.attached.length ? "core_full" : "bcc_degraded";
  }

  [Symbol.dispose](): void {
    this.#ring?.[Symbol.dispose]();
    this.#socketOwner?.[Symbol.dispose]();
    for (const object of [...this.#objects.values(), ...this.#holders.splice(0)]) object[Symbol.dispose]();
    this.#objects.clear();
    this.#socketOwner = undefined;
  }
}

function specOf(probe: ProbeName): ProbeSpec {
  return PROBES.find((spec) => spec.probe === probe)!;
}
