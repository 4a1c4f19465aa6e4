/** What a probe is loaded from: its object, where a classic tracepoint keeps its fields, and whether the kernel has what it needs. */
import { lockdown, thisMachine } from "../host/ebpf_refusal.ts";
import { readTracepoint } from "../host/tracefs.ts";
import { IoError, UnsupportedError } from "../model/errors.ts";
import type { ProbeSpec } from "./probes.ts";

const LOCKED_DOWN = "the kernel is locked down (confidentiality): no program may read its memory";

/** Why a probe cannot be had as it is meant to be, as far as that is known before it is loaded; null: it is worth trying. */
export function lackOf(spec: ProbeSpec, tracepoints: ReadonlyMap<string, number> | null): string | null {
  if (tracepoints === null) return "this kernel has no BTF (/sys/kernel/btf/vmlinux)";
  if (lockdown(thisMachine()) === "confidentiality") return LOCKED_DOWN;
  const lacking = spec.needs.find((name) => !tracepoints.has(name));
  return lacking === undefined ? null : `this kernel has no tracepoint ${lacking}`;
}

/** Offsets of a tracepoint's fields, 0 for one that this kernel lacks, as the programs want them. @throws IoError */
export function tracepointFields(name: string, fields: readonly string[]): Uint8Array<ArrayBuffer> {
  if (lockdown(thisMachine()) === "confidentiality") throw new IoError("reads the tracepoint's record as memory too");
  const { offsets } = readTracepoint(name);
  return new Uint8Array(new Uint32Array(fields.map((field) => offsets.get(field) ?? 0)).buffer);
}

/** A compiled probe, from the file tree or from what is embedded in the binary. */
export function objectBytes(name: string): Uint8Array<ArrayBuffer> {
  const path = new URL(`../../bpf/out/${name}.bpf.o`, import.meta.url);
  try {
    return Deno.readFileSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new UnsupportedError("the BPF objects are not built", "Run `make setup`, or `deno task bpf`");
  }
}
