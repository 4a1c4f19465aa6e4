/** Whether a comparison made in a guest holds. Pure. */
import { type Comparison, difference } from "../accuracy/measure.ts";

/**
 * An emulated CPU is some twenty times slower and shares two cores with the tests, and the instrument's own code between its clock readings is part of what it says:
 * durations may be this far apart there. Counts are exact everywhere.
 */
const EMULATED_MS = 60;

export function holdsEmulated(one: Comparison): boolean {
  const allowed = one.unit === "ms" ? Math.max(EMULATED_MS, one.allowed) : one.allowed;
  return Math.abs(difference(one)) <= allowed;
}
