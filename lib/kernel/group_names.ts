/** Names of control groups that were made while we watched (bpf/group_names.bpf.c), by the id the kernel's records carry. */
import { SloctlError } from "../model/errors.ts";
import type { BpfMap } from "./bpf_map.ts";
import { BpfObject } from "./bpf_object.ts";

export class GroupNames implements Disposable {
  readonly #object: BpfObject | null;
  #names: BpfMap | undefined;

  /** Where it cannot be had, which no probe depends on, it knows nothing. @param bytes its compiled object */
  constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.#object = open(bytes);
    this.#names = this.#object?.maps.get("group_names");
  }

  /** The path as in /proc/PID/cgroup. @param hierarchy the number it has there; 0: v2 */
  path(id: bigint, hierarchy: number): string | undefined {
    const value = this.#names?.lookup(new Uint8Array(new BigUint64Array([id, BigInt(hierarchy)]).buffer)) ?? null;
    return value === null ? undefined : new TextDecoder().decode(value.subarray(0, value.indexOf(0)));
  }

  [Symbol.dispose](): void {
    this.#names = undefined;
    this.#object?.[Symbol.dispose]();
  }
}

function open(bytes: Uint8Array<ArrayBuffer>): BpfObject | null {
  let object: BpfObject | undefined;
  try {
    object = BpfObject.load("group_names", bytes, { config: new Uint8Array(), without: new Set(), shared: new Map() });
    object.attach(null);
    return object;
  } catch (error) {
    if (!(error instanceof SloctlError)) throw error;
    object?.[Symbol.dispose]();
    return null;
  }
}
