import { UnsupportedError } from "../model/errors.ts";

/** Capability numbers of <linux/capability.h>. */
const CAPABILITIES = { CAP_NET_ADMIN: 12, CAP_SYS_ADMIN: 21, CAP_PERFMON: 38, CAP_BPF: 39 } as const;

/** The capabilities a watch needs and `CapEff` of /proc/self/status (hex digits) lacks. SYS_ADMIN stands for BPF and PERFMON. */
export function lackingCapabilities(capEff: string): string[] {
  const has = (name: keyof typeof CAPABILITIES) => (BigInt(`0x${capEff}`) >> BigInt(CAPABILITIES[name]) & 1n) === 1n;
  const lacking = (["CAP_BPF", "CAP_PERFMON"] as const).filter((name) => !has(name) && !has("CAP_SYS_ADMIN"));
  return has("CAP_NET_ADMIN") ? lacking : [...lacking, "CAP_NET_ADMIN"];
}

/**
 * Refuses early, and says what is missing, where loading could only end in EPERM: not Linux, or no right to load programs at
 * all. Whoever lacks less finds it in the coverage, probe by probe.
 *
 * @throws UnsupportedError
 */
export function requireRights(): void {
  if (Deno.build.os !== "linux") {
    throw new UnsupportedError(
      `Cannot watch this machine: its kernel is not Linux (${Deno.build.os})`,
      "Run this on Linux 5.8 or later, as root",
    );
  }
  const capEff = /^CapEff:\s*([0-9a-f]+)/m.exec(Deno.readTextFileSync("/proc/self/status"))?.[1] ?? "0";
  const lacking = lackingCapabilities(capEff);
  if (lacking.includes("CAP_BPF")) {
    throw new UnsupportedError(
      `Cannot watch this machine: this process lacks ${lacking.join(", ")} (uid ${Deno.uid()})`,
      "Run it as root: sudo sloctl agent ...; in a container, add these capabilities",
    );
  }
}
