/** Which injector makes which fault in the lab. */
import { cpuQuota } from "../../inject/cpu_quota.ts";
import { dnsDelay } from "../../inject/dns_delay.ts";
import type { Injector } from "../../inject/injector.ts";
import type { ResolverControl } from "../../lab/lab.ts";
import type { Fault } from "./plan.ts";

export interface Handles {
  readonly resolver: Pick<ResolverControl, "setDelay">;
  readonly gatewayCpuCgroup: string;
}

/** null for no fault. */
export function injectorFor(fault: Fault, { resolver, gatewayCpuCgroup }: Handles): Injector | null {
  if (fault === "dns_latency") return dnsDelay((ms) => resolver.setDelay(ms));
  if (fault === "cpu_throttle") return cpuQuota(gatewayCpuCgroup);
  return null;
}
