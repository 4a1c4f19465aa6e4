/** Options that no run could mean, refused at the door. Pure. */
import { UsageError } from "../../model/errors.ts";
import { signalUrl } from "../../otlp/endpoint.ts";
import type { LoadgenOptions } from "./options.ts";

/** @throws UsageError */
export function checkOptions(options: LoadgenOptions): void {
  const above: [string, number | undefined][] = [
    ["rps", options.rps],
    ["duration-sec", options.durationS],
    ["gamma-shape", options.gammaShape],
    ["requests", options.requests],
    ["time-scale", options.timeScale],
    ["max-input", options.mostIn],
    ["max-output", options.mostOut],
    ["concurrency", options.concurrency],
    ["connections", options.connections],
    ["max-in-flight", options.maxInFlight],
    ["timeout-ms", options.timeoutMs],
    ["connect-timeout-ms", options.connectTimeoutMs],
    ["first-byte-timeout-ms", options.firstByteTimeoutMs],
    ["idle-timeout-ms", options.idleTimeoutMs],
    ["max-client-lag-ms", options.clientLagMs],
  ];
  for (const [name, value] of above) {
    if (value !== undefined && !(value > 0)) throw refuse(name, value, "it must be more than 0", "larger");
  }
  const atLeastZero: [string, number | undefined][] = [
    ["warmup-sec", options.warmupS],
    ["cooldown-sec", options.cooldownS],
    ["trace-skip-sec", options.traceSkipS],
    ["think-ms", options.thinkMs],
    ["rps-from", options.rpsFrom],
    ["cancel-share", options.cancelShare],
    ["cancel-after-ms", options.cancelAfterMs],
  ];
  for (const [name, value] of atLeastZero) {
    if (value !== undefined && !(value >= 0)) throw refuse(name, value, "it is negative", "larger");
  }
  if (options.cancelShare > 1) throw refuse("cancel-share", options.cancelShare, "it is more than 1", "smaller");
  if (options.join.length > 0 && options.out === undefined) {
    throw new UsageError('Cannot join without "--out": there is no folder for joined.jsonl', "Give --out DIR");
  }
  if (options.otlpEndpoint !== undefined) signalUrl(options.otlpEndpoint, "traces");
  const most = options.connections ?? 0;
  if (most > MOST_CONNECTIONS) {
    throw refuse("connections", most, `one process opens at most ${MOST_CONNECTIONS}`, "smaller");
  }
}

/** Local ports and descriptors end somewhere near. */
export const MOST_CONNECTIONS = 20_000;

function refuse(name: string, value: number, state: string, other: string): UsageError {
  return new UsageError(`Cannot use "--${name} ${value}": ${state}`, `Give a ${other} --${name}`);
}
