/** After a restart: the objectives' past, from the SLO events that are stored. */
import { requestsOf } from "../../slo/from_events.ts";
import type { SloEvent } from "../../model/slo_event.ts";
import type { SloTracker } from "../../slo/tracker.ts";
import type { Store } from "../../store/store.ts";

/** SLO events read, the newest: about a second of starting. */
const MOST = 100_000;

/** They are judged by the objectives of today. @param nowMs Unix ms @param onEvents is told what was read @throws what the store throws */
export async function restoreSlo(
  store: Store,
  tracker: SloTracker,
  nowMs: number,
  onEvents: (events: readonly SloEvent[]) => void = () => {},
): Promise<void> {
  const entries = await store.newest(MOST, { kinds: ["slo"], service: tracker.file.service });
  const events = entries.toReversed().flatMap((entry) => entry.kind === "slo" ? [entry.document] : []);
  onEvents(events);
  const requests = requestsOf(events).filter(({ endMs }) => endMs <= nowMs);
  tracker.restore(requests.sort((a, b) => a.endMs - b.endMs));
}
