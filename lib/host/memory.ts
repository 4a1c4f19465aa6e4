import { libc } from "./libc.ts";

/** Returns to the system what C libraries have freed and the allocator has kept: some 25 MB after BPF programs were loaded. */
export function giveBackMemory(): void {
  libc().malloc_trim?.(0n);
}
