/** Which injector makes which fault in the lab. */
import { cpuQuota } from "../../inject/cpu_quota.ts";
import { dnsDelay } from "../../inject/dns_delay.ts";
import type { Injector } from "../../inject/injector.ts";
import { packetLoss } from "../../inject/packet_loss.ts";
import { providerThrottle } from "../../inject/provider_throttle.ts";
import type { ProviderControl, ResolverControl } from "../../lab/lab.ts";
import type { Fault } from "./plan.ts";

/** What of a running lab an injector takes hold of; from the lab itself, or from its state file in another process. */
export interface Handles {
  readonly resolver: Pick<ResolverControl, "setDelay">;
  readonly provider: Pick<ProviderControl, "setThrottle">;
  readonly gatewayCpuCgroup: string;
  readonly client: { readonly netns: string; readonly ip: string };
  readonly server: { readonly netns: string; readonly ip: string; readonly port: number };
}

/** null for no fault. */
export function injectorFor(fault: Fault, lab: Handles): Injector | null {
  switch (fault) {
    case "dns_latency":
      return dnsDelay((ms) => lab.resolver.setDelay(ms));
    case "packet_loss":
      return packetLoss(lab.client, lab.server);
    case "cpu_throttle":
      return cpuQuota(lab.gatewayCpuCgroup);
    case "provider_throttle":
      return inPercent(providerThrottle((order) => lab.provider.setThrottle(order)));
    case "none":
      return null;
  }
}

/** The demo counts in percent throughout. */
function inPercent(injector: Injector): Injector {
  return { ...injector, unit: "% of requests", inject: (percent, signal) => injector.inject(percent / 100, signal) };
}
