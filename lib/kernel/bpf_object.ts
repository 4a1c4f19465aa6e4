/**
 * One compiled probe: opened from bytes, told its configuration, its maps joined with those of the other probes, loaded,
 * attached. Everything is tied to descriptors of this process: when it dies, however it dies, the kernel lets go of all of it.
 */
import { closeFd, openFd, readToEnd } from "../host/libc.ts";
import { openTracepoint } from "../host/perf_event.ts";
import { readTracepoint } from "../host/tracefs.ts";
import { errnoName, errnoWords } from "../model/codes.ts";
import { IoError } from "../model/errors.ts";
import { BpfMap } from "./bpf_map.ts";
import { libbpf, readCString } from "./libbpf.ts";

const LOG_BYTES = 4 * 1024 * 1024;
const INFO_BYTES = 256;
const NO_HIERARCHY = "no cgroup v2 is mounted here, and mounting it takes CAP_SYS_ADMIN";

export interface LoadOptions {
  /** Value of `config` in .rodata. */
  readonly config: Uint8Array<ArrayBuffer>;
  /** Value of `fields` in .rodata.fields, of a probe that has them. */
  readonly fields?: Uint8Array<ArrayBuffer>;
  /** Programs to leave out, by name: this kernel lacks their hook, or they are not wanted. */
  readonly without: ReadonlySet<string>;
  /** Maps that other probes have already made, by name. */
  readonly shared: ReadonlyMap<string, BpfMap>;
  /** Entries of maps that are to have another number of them. */
  readonly tables?: Readonly<Record<string, number>>;
}

export interface LoadedProgram {
  readonly name: string;
  /** `tp_btf/sched_switch`, `cgroup_skb/egress` ... */
  readonly hook: string;
  readonly fd: number;
}

export class BpfObject implements Disposable {
  readonly maps = new Map<string, BpfMap>();
  readonly programs: LoadedProgram[] = [];
  readonly #links: Deno.PointerObject[] = [];

  private constructor(readonly name: string, readonly object: Deno.PointerObject) {}

  /**
   * Opens and loads.
   *
   * @throws IoError naming what the kernel said; where it was the verifier, the end of its log is in the hint.
   */
  static load(name: string, bytes: Uint8Array<ArrayBuffer>, options: LoadOptions): BpfObject {
    const first = open(name, bytes, options);
    const result = libbpf().bpf_object__load(first);
    if (result === 0) return new BpfObject(name, first).#collect(options.without);
    libbpf().bpf_object__close(first);
    const log = verifierLog(name, bytes, options);
    const why = log === undefined ? errnoWords(-result) : "the verifier refused it";
    throw new IoError(`Cannot load BPF object "${name}": ${why} (${errnoName(-result)})`, log);
  }

  #collect(without: ReadonlySet<string>): this {
    for (const map of children(this.object, libbpf().bpf_object__next_map)) {
      const fd = libbpf().bpf_map__fd(map);
      const { keyBytes, valueBytes } = mapInfo(fd);
      const mapName = readCString(libbpf().bpf_map__name(map));
      this.maps.set(mapName, new BpfMap(mapName, fd, keyBytes, valueBytes));
    }
    for (const program of children(this.object, libbpf().bpf_object__next_program)) {
      const programName = readCString(libbpf().bpf_program__name(program));
      if (without.has(programName)) continue;
      const hook = readCString(libbpf().bpf_program__section_name(program));
      this.programs.push({ name: programName, hook, fd: libbpf().bpf_program__fd(program) });
    }
    return this;
  }

  /**
   * Attaches every loaded program; those on packets and sockets at `cgroupPath`, the root of the v2 hierarchy; null: there is none.
   *
   * @throws IoError on the first refusal; what was attached before it is detached by dispose.
   */
  attach(cgroupPath: string | null): void {
    const wanted = new Set(this.programs.map((program) => program.name));
    for (const program of children(this.object, libbpf().bpf_object__next_program)) {
      const programName = readCString(libbpf().bpf_program__name(program));
      if (!wanted.has(programName)) continue;
      const hook = readCString(libbpf().bpf_program__section_name(program));
      if (hook.startsWith("iter/")) continue; // run when they are needed
      if (hook.startsWith("cgroup") && cgroupPath === null) throw new IoError(NO_HIERARCHY);
      const link = attachTo(hook, program, cgroupPath);
      if (link === null) {
        const error = Number(libbpf().libbpf_get_error(null));
        throw new IoError(`Cannot attach "${programName}" to ${hook}: ${errnoName(-error)}, ${errnoWords(-error)}`);
      }
      this.#links.push(link);
    }
  }

  /**
   * Runs an iterator's program over all there is: over the entries of `map`, for one that walks a map. False where the kernel will not.
   */
  iterate(programName: string, map?: BpfMap): boolean {
    const program = [...children(this.object, libbpf().bpf_object__next_program)]
      .find((program) => readCString(libbpf().bpf_program__name(program)) === programName);
    if (program === undefined) return false;
    const info = new Uint32Array([map?.fd ?? 0, 0, 0, 0]); // union bpf_iter_link_info: map_fd
    // struct bpf_iter_attach_opts: size_t sz, link_info *, u32 link_info_len, padded
    const options = new BigUint64Array([24n, map === undefined ? 0n : addressOf(info), map === undefined ? 0n : 16n]);
    const link = libbpf().bpf_program__attach_iter(program, new Uint8Array(options.buffer));
    if (link === null) return false;
    const fd = libbpf().bpf_iter_create(libbpf().bpf_link__fd(link));
    try {
      return fd >= 0 && readToEnd(fd);
    } finally {
      closeFd(fd);
      libbpf().bpf_link__destroy(link);
    }
  }

  /** Detaches every program; its maps stay. */
  detach(): void {
    for (const link of this.#links.splice(0)) libbpf().bpf_link__destroy(link);
  }

  [Symbol.dispose](): void {
    this.detach();
    libbpf().bpf_object__close(this.object);
  }
}

function open(name: string, bytes: Uint8Array<ArrayBuffer>, options: LoadOptions): Deno.PointerObject {
  const object = libbpf().bpf_object__open_mem(bytes, BigInt(bytes.byteLength), null);
  if (object === null) {
    throw new IoError(`Cannot open BPF object "${name}": it is damaged`, "Build it again: deno task bpf");
  }
  for (const map of children(object, libbpf().bpf_object__next_map)) {
    const mapName = readCString(libbpf().bpf_map__name(map));
    const shared = options.shared.get(mapName);
    if (shared !== undefined) libbpf().bpf_map__reuse_fd(map, shared.fd);
    const entries = options.tables?.[mapName];
    if (entries !== undefined) libbpf().bpf_map__set_max_entries(map, entries);
    if (mapName.endsWith(".rodata")) setConstant(map, options.config);
    if (mapName === ".rodata.fields") setConstant(map, options.fields!);
  }
  for (const program of children(object, libbpf().bpf_object__next_program)) {
    if (options.without.has(readCString(libbpf().bpf_program__name(program)))) {
      libbpf().bpf_program__set_autoload(program, false);
    }
  }
  return object;
}

/** `config` is the only constant of .rodata, `fields` that of .rodata.fields: anything else would move them, and is our mistake. */
function setConstant(map: Deno.PointerObject, value: Uint8Array<ArrayBuffer>): void {
  const size = new BigUint64Array(1);
  libbpf().bpf_map__initial_value(map, new Uint8Array(size.buffer));
  if (Number(size[0]) !== value.byteLength) {
    throw new Error(`.rodata has ${size[0]} bytes, its constant ${value.byteLength}`);
  }
  libbpf().bpf_map__set_initial_value(map, value, size[0]!);
}

/** Loads once more with the verifier's log on, and yields its last lines. */
function verifierLog(name: string, bytes: Uint8Array<ArrayBuffer>, options: LoadOptions): string | undefined {
  const object = open(name, bytes, options);
  const logs: Uint8Array<ArrayBuffer>[] = [];
  for (const program of children(object, libbpf().bpf_object__next_program)) {
    const log = new Uint8Array(LOG_BYTES);
    libbpf().bpf_program__set_log_buf(program, log, BigInt(log.byteLength));
    logs.push(log);
  }
  libbpf().bpf_object__load(object);
  libbpf().bpf_object__close(object);
  const texts = logs.map((log) => new TextDecoder().decode(log.subarray(0, log.indexOf(0))).trim());
  const failed = texts.findLast((text) => text !== "");
  return failed === undefined
    ? undefined
    : `Read what the verifier said last: ${failed.split("\n").slice(-3).join(" | ")}`;
}

/** Where its bytes are, for a pointer inside a struct. It must outlive the call. */
function addressOf(bytes: ArrayBufferView<ArrayBuffer>): bigint {
  return BigInt(Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytes)));
}

function attachTo(hook: string, program: Deno.PointerObject, cgroupPath: string | null): Deno.PointerValue {
  if (hook.startsWith("cgroup")) return attachCgroup(program, cgroupPath!);
  if (hook.startsWith("tracepoint/")) return attachTracepoint(program, hook.slice("tracepoint/".length));
  return libbpf().bpf_program__attach(program);
}

/** libbpf would look for tracefs where it is mounted, and nowhere else. */
function attachTracepoint(program: Deno.PointerObject, name: string): Deno.PointerValue {
  const fd = openTracepoint(readTracepoint(name).id);
  const link = libbpf().bpf_program__attach_perf_event(program, fd); // a bad descriptor is its error to tell
  if (link === null) closeFd(fd);
  return link;
}

function attachCgroup(program: Deno.PointerObject, path: string): Deno.PointerValue {
  const fd = openFd(path);
  try {
    return libbpf().bpf_program__attach_cgroup(program, fd);
  } finally {
    closeFd(fd);
  }
}

function* children(
  object: Deno.PointerObject,
  next: (object: Deno.PointerValue, previous: Deno.PointerValue) => Deno.PointerValue,
): Generator<Deno.PointerObject> {
  for (let child = next(object, null); child !== null; child = next(object, child)) yield child;
}

function mapInfo(fd: number): { keyBytes: number; valueBytes: number } {
  // struct bpf_map_info: type, id, key_size, value_size ...
  const info = new Uint8Array(INFO_BYTES);
  libbpf().bpf_obj_get_info_by_fd(fd, info, new Uint8Array(new Uint32Array([INFO_BYTES]).buffer));
  const [type = 0, , keyBytes = 0, valueBytes = 0] = new Uint32Array(info.buffer, 0, 4);
  const perCpu = [5, 6, 10].includes(type); // PERCPU_HASH, PERCPU_ARRAY, LRU_PERCPU_HASH
  return { keyBytes, valueBytes: perCpu ? ((valueBytes + 7) & ~7) * libbpf().libbpf_num_possible_cpus() : valueBytes };
}
