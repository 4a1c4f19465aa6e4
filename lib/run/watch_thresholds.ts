import type { Thresholds } from "../decode/config.ts";

/** How far thresholds are raised, and how many fewer things are told one by one. */
const FACTOR = 10;

/**
 * Thresholds for when watching costs too much: a tenth as much is told one by one. Waits, block requests, system calls and turns below
 * them still count in sums and histograms; pauses and unread bytes below them are not told at all.
 */
export function raised(usual: Thresholds): Thresholds {
  return {
    waitThresholdNs: usual.waitThresholdNs * FACTOR,
    gapThresholdNs: usual.gapThresholdNs * FACTOR,
    unreadThresholdNs: usual.unreadThresholdNs * FACTOR,
    diskPerSecond: usual.diskPerSecond / FACTOR,
    diskThresholdNs: usual.diskThresholdNs * FACTOR,
    callThresholdNs: usual.callThresholdNs * FACTOR,
    turnsPerSecond: usual.turnsPerSecond / FACTOR,
    turnThresholdNs: usual.turnThresholdNs * FACTOR,
  };
}
