/** Names a signal_set may hold: the catalogue's. Pure. */
import { SIGNALS } from "../model/signals.ts";

export const SIGNAL_NAMES: readonly string[] = SIGNALS.map((row) => row.signal);

/** What `signal_set` leaves out; an empty set leaves nothing out. */
export function signalsLeftOut(signalSet: readonly string[]): string[] {
  return signalSet.length === 0 ? [] : SIGNAL_NAMES.filter((name) => !signalSet.includes(name));
}
