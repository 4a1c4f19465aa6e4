/** Giving up what a command does not need, before it reads a byte of input. */
import type { Permission } from "./command.ts";

/**
 * What a command needs that looks into /proc, /sys or /dev: Deno opens nothing there unless every kind is still held, so there
 * is nothing such a command could give up.
 */
export const EVERYTHING: readonly Permission[] = ["read", "write", "net", "run", "ffi", "env", "sys"];

/**
 * Revokes every kind of permission but `needed`, for the rest of the process. Deno revokes a kind as a whole: what was granted
 * without a path cannot be narrowed to one (docs/decisions.md). Modules that are already part of the program still load.
 */
export function restrict(needed: readonly Permission[]): void {
  for (const name of EVERYTHING) {
    if (!needed.includes(name)) Deno.permissions.revokeSync({ name });
  }
}
