/** What a probe is told before it loads, in the layout of struct llm_slo_config. */
import { FILTER, WANT, WIRE } from "./wire.gen.ts";

export interface Thresholds {
  /** Waits from here on are told one by one; shorter ones are summed. */
  readonly waitThresholdNs: number;
  /** Pauses of a stream from here on are told. */
  readonly gapThresholdNs: number;
  readonly sumPeriodNs: number;
  /** So many block requests a second are told one by one; above that only those from the threshold on. */
  readonly diskPerSecond: number;
  readonly diskThresholdNs: number;
  /** System calls from here on are told one by one. */
  readonly callThresholdNs: number;
}

export interface ProbeConfig extends Thresholds {
  /** What the programs at every system call are for. */
  readonly timers: boolean;
  readonly calls: boolean;
  /** The kernel tells when an application reads. */
  readonly haveRead: boolean;
  /** Which of these filters apply; none: every process is a target. */
  readonly byPid: boolean;
  readonly byCgroup: boolean;
  /** Name of the process, or undefined. Cut at 15 bytes, as the kernel cuts it. */
  readonly comm?: string;
}

/** Where nobody says otherwise. */
export const USUAL: Thresholds & Pick<ProbeConfig, "timers" | "calls"> = {
  waitThresholdNs: 1e6,
  gapThresholdNs: 10e6,
  sumPeriodNs: 1e9,
  diskPerSecond: 1000,
  diskThresholdNs: 10e6,
  callThresholdNs: 1e6,
  timers: false,
  calls: false,
};

const COMM_BYTES = 15;

export function encodeConfig(config: ProbeConfig): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(WIRE.config.size);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(WIRE.config.wait_threshold_ns, BigInt(config.waitThresholdNs), true);
  view.setBigUint64(WIRE.config.gap_threshold_ns, BigInt(config.gapThresholdNs), true);
  view.setBigUint64(WIRE.config.sum_period_ns, BigInt(config.sumPeriodNs), true);
  view.setBigUint64(WIRE.config.disk_threshold_ns, BigInt(config.diskThresholdNs), true);
  view.setBigUint64(WIRE.config.call_threshold_ns, BigInt(config.callThresholdNs), true);
  view.setUint32(WIRE.config.disk_per_second, config.diskPerSecond, true);
  view.setUint32(WIRE.config.wants, (config.timers ? WANT.timers : 0) | (config.calls ? WANT.calls : 0), true);
  const filter = (config.byPid ? FILTER.pid : 0) | (config.byCgroup ? FILTER.cgroup : 0) |
    (config.comm === undefined ? 0 : FILTER.comm);
  view.setUint32(WIRE.config.filter, filter, true);
  view.setUint32(WIRE.config.have_read, config.haveRead ? 1 : 0, true);
  bytes.set(new TextEncoder().encode(config.comm ?? "").subarray(0, COMM_BYTES), WIRE.config.comm);
  return bytes;
}
