/** Every program of every probe, really loaded and attached for a moment, one by one. */
import { encodeConfig, USUAL } from "../../decode/config.ts";
import { openCgroupRoot } from "../../host/cgroup_root.ts";
import type { BpfMap } from "../../kernel/bpf_map.ts";
import { BpfObject } from "../../kernel/bpf_object.ts";
import { presentHooks } from "../../kernel/kernel_btf.ts";
import { libbpf, readCString } from "../../kernel/libbpf.ts";
import { HOOKS, isOtherVariant, PROBES } from "../../kernel/probes.ts";
import { Ring } from "../../kernel/ring.ts";
import { ProbeSession, RING_BYTES } from "../../kernel/session.ts";
import { SloctlError } from "../../model/errors.ts";
import { type BpfFile, bpfFiles } from "../bpf_objects.ts";

export interface Tried {
  readonly probe: string;
  readonly program: string;
  /** `tp_btf/sched_switch`, `cgroup_skb/egress` ... */
  readonly hook: string;
  /** Null: it loaded and attached. */
  readonly refusal: string | null;
  /** The probe does without it. */
  readonly optional: boolean;
}

export interface Trial {
  readonly programs: readonly Tried[];
  /** Probes that attach in their plain form, where their whole form was refused. */
  readonly plain: readonly string[];
  /** The ring: its size in bytes, or why it could not be mapped, or null when there was none to map. */
  readonly ring: number | string | null;
}

export const NO_BTF = "this kernel has no BTF";

const INFO_BYTES = 256;
/** Place of max_entries in struct bpf_map_info, in 32-bit words. */
const MAX_ENTRIES = 4;

/** @throws UnsupportedError without libbpf. */
export function tryPrograms(): Trial {
  const kept: BpfObject[] = [];
  using root = openCgroupRoot();
  const shared = new Map<string, BpfMap>();
  const present = presentHooks(HOOKS);
  const tracepoints = present ?? new Map<string, number>();
  const programs: Tried[] = [];
  let ring: Trial["ring"] = null;
  try {
    for (const file of bpfFiles()) {
      const spec = PROBES.find(({ probe }) => probe === file.probe);
      if (spec === undefined) continue;
      const all = programsOf(file);
      for (const { program, hook } of all) {
        if (isOtherVariant(spec, program, tracepoints)) continue;
        const tracepoint = spec.optional[program];
        const optional = tracepoint !== undefined;
        const lacks = optional && !tracepoints.has(tracepoint);
        const without = new Set(all.map((one) => one.program).filter((name) => name !== program));
        const refusal = present === null
          ? NO_BTF
          : lacks
          ? `this kernel has no tracepoint ${tracepoint}`
          : attempt(file, without, shared, kept, root.path);
        programs.push({ probe: file.probe, program, hook, refusal, optional });
      }
    }
    const events = shared.get("events");
    if (events !== undefined) ring = mapRing(events.fd);
  } finally {
    for (const object of kept) object[Symbol.dispose]();
  }
  const tried = withoutTwins(programs);
  const plain = plainForms(tried);
  // A session has mapped its own.
  return { programs: tried, plain, ring: ring === null && plain.length > 0 ? RING_BYTES : ring };
}

/** Of several programs for one purpose, the one that an agent would take. */
function withoutTwins(programs: readonly Tried[]): Tried[] {
  const refused = (name: string) => programs.find(({ program }) => program === name)?.refusal !== null;
  const idle = PROBES.flatMap(({ oneOf = [] }) => {
    const taken = oneOf.find((name) => !refused(name)) ?? oneOf.at(-1);
    return oneOf.filter((name) => name !== taken);
  });
  return programs.filter(({ program }) => !idle.includes(program));
}

function plainForms(programs: readonly Tried[]): readonly string[] {
  const refused = PROBES.filter(({ probe, plain }) =>
    plain !== undefined && programs.some((one) => one.probe === probe && one.refusal !== null && !one.optional)
  );
  if (refused.length === 0) return [];
  try {
    const probes = refused.map(({ probe }) => probe);
    using session = new ProbeSession({ probes, mode: "bcc_degraded", config: () => SILENT });
    return session.plain;
  } catch (error) {
    if (!(error instanceof SloctlError)) throw error;
    return [];
  }
}

/** Loads one program alone, attaches it and takes it off again. Returns the refusal, or null. */
function attempt(
  { probe, bytes }: BpfFile,
  without: ReadonlySet<string>,
  shared: Map<string, BpfMap>,
  kept: BpfObject[],
  cgroupRoot: string | null,
): string | null {
  try {
    const object = BpfObject.load(probe, bytes, { config: SILENT, without, shared });
    // The first object of each map holds it for the others.
    kept.push(object);
    for (const map of object.maps.values()) {
      if (!map.name.startsWith(".") && !map.name.includes(".rodata") && !shared.has(map.name)) {
        shared.set(map.name, map);
      }
    }
    object.attach(cgroupRoot);
    object.detach();
    return null;
  } catch (error) {
    if (!(error instanceof SloctlError)) throw error;
    return short(error.message);
  }
}

/** `EPERM, not permitted`: which object it was is said beside it, and no firewall judges programs. */
function short(message: string): string {
  return message.replace(/^Cannot \w+ .*?: (?=E[A-Z]+,)/, "").replace(" (a firewall rule?)", "");
}

/** Only chosen processes are targets, and none is chosen: the programs run and record nothing. */
const SILENT = encodeConfig({ ...USUAL, haveRead: false, byPid: true, byCgroup: false, timers: true, calls: true });

function programsOf({ bytes }: BpfFile): { program: string; hook: string }[] {
  const found: { program: string; hook: string }[] = [];
  const object = libbpf().bpf_object__open_mem(bytes, BigInt(bytes.byteLength), null);
  if (object === null) return found;
  const next = (after: Deno.PointerValue) => libbpf().bpf_object__next_program(object, after);
  for (let program = next(null); program !== null; program = next(program)) {
    found.push({
      program: readCString(libbpf().bpf_program__name(program)),
      hook: readCString(libbpf().bpf_program__section_name(program)),
    });
  }
  libbpf().bpf_object__close(object);
  return found;
}

function mapRing(fd: number): number | string {
  const info = new Uint8Array(INFO_BYTES);
  libbpf().bpf_obj_get_info_by_fd(fd, info, new Uint8Array(new Uint32Array([INFO_BYTES]).buffer));
  const bytes = new Uint32Array(info.buffer)[MAX_ENTRIES]!;
  try {
    using _ring = new Ring(fd, bytes);
    return bytes;
  } catch (error) {
    if (!(error instanceof SloctlError)) throw error;
    return error.message;
  }
}
