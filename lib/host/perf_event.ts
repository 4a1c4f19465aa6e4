/** A classic tracepoint as a descriptor, to attach a program to. */
import { systemCalls } from "./libc.ts";

const PERF_TYPE_TRACEPOINT = 2;
const ATTR_BYTES = 112;
const PERF_FLAG_FD_CLOEXEC = 8n;
const PERF_EVENT_OPEN = Deno.build.arch === "aarch64" ? 241n : 298n;

/** Of every process, on every CPU: a program attached to a tracepoint runs wherever it is hit. Yields -1 without CAP_PERFMON. */
export function openTracepoint(id: number): number {
  const attr = new Uint8Array(ATTR_BYTES); // type, size, config ...
  const view = new DataView(attr.buffer);
  view.setUint32(0, PERF_TYPE_TRACEPOINT, true);
  view.setUint32(4, ATTR_BYTES, true);
  view.setBigUint64(8, BigInt(id), true);
  return Number(systemCalls().perf_event_open(PERF_EVENT_OPEN, attr, -1n, 0n, -1n, PERF_FLAG_FD_CLOEXEC));
}
