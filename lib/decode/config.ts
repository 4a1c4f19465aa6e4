/** What a probe is told before it loads, in the layout of struct llm_slo_config. */
import { FILTER, WANT, WIRE } from "./wire.gen.ts";

export interface Thresholds {
  /** Waits from here on are told one by one; shorter ones are summed. */
  readonly waitThresholdNs: number;
  /** Pauses of a stream from here on are told. */
  readonly gapThresholdNs: number;
  /** Bytes that lay unread for so long are told. */
  readonly unreadThresholdNs: number;
  /** So many block requests a second are told one by one; above that only those from the threshold on. */
  readonly diskPerSecond: number;
  readonly diskThresholdNs: number;
  /** System calls from here on are told one by one. */
  readonly callThresholdNs: number;
  /** So many turns of connections a second are told one by one; above that only those whose answer took as long as the threshold. */
  readonly turnsPerSecond: number;
  readonly turnThresholdNs: number;
}

export interface ProbeConfig extends Thresholds {
  /** How often a thread tells what stayed under the threshold. */
  readonly sumPeriodNs: number;
  /** The probe's programs time themselves, into this place of the `timed` map; default: they do not. */
  readonly timedPlace?: number;
  /** What the programs at every system call are for. */
  readonly timers: boolean;
  readonly calls: boolean;
  /** Tell the end of a turn of a connection too, not its first response byte alone; default true. */
  readonly ends?: boolean;
  /** What threads' counters say with every stamp; default true. Without, records have no clocks, and packets cost less. */
  readonly clocks?: boolean;
  /** The kernel tells when an application reads. */
  readonly haveRead: boolean;
  /** Controllers that are v1 hierarchies here: records name their groups where v2 has the owner at its root. */
  readonly v1?: { has(controller: string): boolean };
  /** Which of these filters apply; none: every process is a target. */
  readonly byPid: boolean;
  readonly byCgroup: boolean;
  /** Name of the process, or undefined. Cut at 15 bytes, as the kernel cuts it. */
  readonly comm?: string;
}

/** Where nobody says otherwise. */
export const USUAL: Thresholds & Pick<ProbeConfig, "sumPeriodNs" | "timers" | "calls"> = {
  waitThresholdNs: 1e6,
  gapThresholdNs: 10e6,
  unreadThresholdNs: 1e6,
  turnsPerSecond: 10_000,
  turnThresholdNs: 10e6,
  sumPeriodNs: 1e9,
  diskPerSecond: 1000,
  diskThresholdNs: 10e6,
  callThresholdNs: 1e6,
  timers: false,
  calls: false,
};

const COMM_BYTES = 15;
const MOST = 0xffffffff;

/** Thresholds alone, in the layout of struct llm_slo_tuning: they may be changed while a probe runs. */
export function encodeTuning(thresholds: Thresholds): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(WIRE.tuning.size);
  const view = new DataView(bytes.buffer);
  const ns = (at: number, value: number) => view.setBigUint64(at, BigInt(Math.round(value)), true);
  const perSecond = (at: number, value: number) => view.setUint32(at, Math.min(MOST, Math.round(value)), true);
  ns(WIRE.tuning.wait_threshold_ns, thresholds.waitThresholdNs);
  ns(WIRE.tuning.gap_threshold_ns, thresholds.gapThresholdNs);
  ns(WIRE.tuning.unread_threshold_ns, thresholds.unreadThresholdNs);
  ns(WIRE.tuning.disk_threshold_ns, thresholds.diskThresholdNs);
  ns(WIRE.tuning.call_threshold_ns, thresholds.callThresholdNs);
  ns(WIRE.tuning.turn_threshold_ns, thresholds.turnThresholdNs);
  perSecond(WIRE.tuning.disk_per_second, thresholds.diskPerSecond);
  perSecond(WIRE.tuning.turns_per_second, thresholds.turnsPerSecond);
  return bytes;
}

export function encodeConfig(config: ProbeConfig): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(WIRE.config.size);
  const view = new DataView(bytes.buffer);
  bytes.set(encodeTuning(config), WIRE.config.tuning);
  view.setBigUint64(WIRE.config.sum_period_ns, BigInt(config.sumPeriodNs), true);
  const wants = (config.timers ? WANT.timers : 0) | (config.calls ? WANT.calls : 0) |
    (config.v1?.has("pids") ? WANT.v1_pids : 0) | (config.v1?.has("memory") ? WANT.v1_memory : 0) |
    (config.v1?.has("cpu") ? WANT.v1_cpu : 0) | (config.ends === false ? 0 : WANT.ends) |
    (config.clocks === false ? 0 : WANT.clocks);
  view.setUint32(WIRE.config.wants, wants, true);
  const filter = (config.byPid ? FILTER.pid : 0) | (config.byCgroup ? FILTER.cgroup : 0) |
    (config.comm === undefined ? 0 : FILTER.comm);
  view.setUint32(WIRE.config.filter, filter, true);
  view.setUint32(WIRE.config.timed, config.timedPlace === undefined ? 0 : config.timedPlace + 1, true);
  view.setUint32(WIRE.config.have_read, config.haveRead ? 1 : 0, true);
  bytes.set(new TextEncoder().encode(config.comm ?? "").subarray(0, COMM_BYTES), WIRE.config.comm);
  return bytes;
}
