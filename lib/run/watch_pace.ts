/**
 * How often the ring is emptied. Nobody is woken for a record: that would cost the watched process several microseconds. A look at an
 * empty ring costs about 0.1 ms, most of it for the timer, so at rest we come by seldom, and the sooner the faster the ring fills.
 */

/** `usual` bounds how late an event is told, and how short a process's life may be before /proc is asked for its executable. */
export const DRAIN_MS = { usual: 100, least: 10 } as const;
/** How full the ring may be when we come, of 1: what comes of a sudden must find room in the rest. */
const FILL = 1 / 8;

/** The next pause in ms, after one of `pauseMs` in which the ring filled up to `filled` of 1. Pure. */
export function drainPause(filled: number, pauseMs: number): number {
  const most = filled === 0 ? DRAIN_MS.usual : pauseMs * FILL / filled;
  return Math.min(DRAIN_MS.usual, Math.max(DRAIN_MS.least, Math.round(most)));
}
