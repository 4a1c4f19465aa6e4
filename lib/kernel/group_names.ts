/** Names of control groups that were made while we watched (bpf/group_names.bpf.c), by the id the kernel's records carry. */
import type { BpfMap } from "./bpf_map.ts";
import type { BpfObject } from "./bpf_object.ts";
import { sideObject } from "./side_object.ts";

export class GroupNames implements Disposable {
  readonly #object: BpfObject | null;
  #names: BpfMap | undefined;

  /** Where it cannot be had it knows nothing. @param bytes its compiled object */
  constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.#object = sideObject("group_names", bytes);
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
