/** One BPF map, read and written from user space. Keys and values are raw bytes in the machine's order. */
import { libbpf } from "./libbpf.ts";

const BPF_ANY = 0n;
const INFO_BYTES = 256;

export class BpfMap {
  constructor(readonly name: string, readonly fd: number, readonly keyBytes: number, readonly valueBytes: number) {}

  /** The kernel's id of this map, by which another process may open it. */
  get id(): number {
    const info = new Uint32Array(INFO_BYTES / 4); // struct bpf_map_info: type, id ...
    libbpf().bpf_obj_get_info_by_fd(
      this.fd,
      new Uint8Array(info.buffer),
      new Uint8Array(new Uint32Array([INFO_BYTES]).buffer),
    );
    return info[1]!;
  }

  /** The value under `key`, or null. For a per-CPU map `valueBytes` covers all CPUs. */
  lookup(key: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> | null {
    const value = new Uint8Array(this.valueBytes);
    return libbpf().bpf_map_lookup_elem(this.fd, key, value) === 0 ? value : null;
  }

  /** Returns 0 or -errno. */
  update(key: Uint8Array<ArrayBuffer>, value: Uint8Array<ArrayBuffer>): number {
    return libbpf().bpf_map_update_elem(this.fd, key, value, BPF_ANY);
  }

  /** False when it was not there (any more). */
  delete(key: Uint8Array<ArrayBuffer>): boolean {
    return libbpf().bpf_map_delete_elem(this.fd, key) === 0;
  }

  /** Deletes what there is; bounded by `most`. */
  clear(most = 100_000): void {
    const key = new Uint8Array(this.keyBytes);
    for (let i = 0; i < most && libbpf().bpf_map_get_next_key(this.fd, null, key) === 0; i++) this.delete(key);
  }

  /** Every entry at the time of asking; entries that come or go meanwhile may be missed. Bounded by `most`. */
  *entries(most = 100_000): Generator<[Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>]> {
    let key: Uint8Array<ArrayBuffer> | null = null;
    for (let i = 0; i < most; i++) {
      const next: Uint8Array<ArrayBuffer> = new Uint8Array(this.keyBytes);
      if (libbpf().bpf_map_get_next_key(this.fd, key, next) !== 0) return;
      const value = this.lookup(next);
      if (value !== null) yield [next, value];
      key = next;
    }
  }
}

/** A 64-bit key in machine order. */
export function u64Key(value: bigint): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new BigUint64Array([value]).buffer);
}

/** A 32-bit key in machine order. */
export function u32Key(value: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new Uint32Array([value]).buffer);
}
