/** Executables of processes that began, or called exec, while we watched (bpf/exe_names.bpf.c). */
import type { ProcessImage } from "../host/process.ts";
import { type BpfMap, u32Key } from "./bpf_map.ts";
import type { BpfObject } from "./bpf_object.ts";
import { sideObject } from "./side_object.ts";

/** struct exe_name. */
const AT = { start: 0, since: 8, length: 16, deleted: 20, parts: 24 } as const;

export class ExeNames implements Disposable {
  /** Calls of exec so far, as of the last look. */
  generation = 0;
  readonly #object: BpfObject | null;
  #names: BpfMap | undefined;
  #execs: BpfMap | undefined;

  /** Where it cannot be had it knows nothing. @param bytes its compiled object */
  constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.#object = sideObject("exe_names", bytes);
    this.#names = this.#object?.maps.get("exe_names");
    this.#execs = this.#object?.maps.get("execs");
  }

  /** Asked before records are read: so that what is known of their processes is known to be old. */
  look(): void {
    const value = this.#execs?.lookup(u32Key(0)) ?? null;
    if (value !== null) this.generation = Number(new DataView(value.buffer, value.byteOffset).getBigUint64(0, true));
  }

  /** Of whoever had this pid last. */
  of(pid: number): ProcessImage | undefined {
    const value = this.#names?.lookup(u32Key(pid)) ?? null;
    return value === null ? undefined : readImage(value);
  }

  [Symbol.dispose](): void {
    this.#names = undefined;
    this.#execs = undefined;
    this.#object?.[Symbol.dispose]();
  }
}

/** @param value a struct exe_name */
export function readImage(value: Uint8Array<ArrayBuffer>): ProcessImage {
  const view = new DataView(value.buffer, value.byteOffset);
  const length = view.getUint32(AT.length, true);
  const parts = new TextDecoder().decode(value.subarray(AT.parts, AT.parts + length)).split("\0").slice(0, -1);
  const deleted = view.getUint32(AT.deleted, true) !== 0 ? " (deleted)" : "";
  return {
    startNs: Number(view.getBigUint64(AT.start, true)),
    sinceNs: Number(view.getBigUint64(AT.since, true)),
    ...(parts.length > 0 && { exe: `/${parts.reverse().join("/")}${deleted}` }),
  };
}
