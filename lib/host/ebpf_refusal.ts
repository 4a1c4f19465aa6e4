/** Why this machine does not let us load eBPF, as far as can be told without trying. */

/** What has to be known of a machine; tests give their own. */
export interface Machine {
  readonly os: string;
  readonly uid: number | null;
  /** The text of a file, or null where there is none. */
  readonly read: (path: string) => string | null;
  readonly exists: (path: string) => boolean;
}

/** The reason in a few words, or null when it is worth trying. Takes no privileges. */
export function ebpfRefusal(machine: Machine = thisMachine()): string | null {
  if (machine.os !== "linux") return `needs Linux, this is ${machine.os}`;
  if (machine.uid !== 0) return "needs root";
  if (!machine.exists("/sys/kernel/btf/vmlinux")) return "the kernel has no BTF (/sys/kernel/btf/vmlinux)";
  if (!LIBRARY_FOLDERS.some((folder) => machine.exists(`${folder}/libbpf.so.1`))) return "libbpf.so.1 is not installed";
  return rightsRefusal(machine);
}

const LIBRARY_FOLDERS = ["/usr/lib", "/lib", "/usr/lib64", "/lib64", "/usr/local/lib"].flatMap((folder) => [
  folder,
  `${folder}/x86_64-linux-gnu`,
  `${folder}/aarch64-linux-gnu`,
]);

const CAP_NET_ADMIN = 1n << 12n;
const CAP_SYS_ADMIN = 1n << 21n;
const CAP_BPF = 1n << 39n;

/** Why bpf() would refuse root here: a container without the capability, a user namespace, or lockdown. */
function rightsRefusal(machine: Machine): string | null {
  const effective = /^CapEff:\s*([0-9a-f]+)/m.exec(machine.read("/proc/self/status") ?? "")?.[1];
  const capabilities = BigInt(`0x${effective ?? "0"}`);
  if ((capabilities & (CAP_SYS_ADMIN | CAP_BPF)) === 0n) return "needs CAP_BPF, which this container withholds";
  if ((capabilities & CAP_NET_ADMIN) === 0n) return "needs CAP_NET_ADMIN, which this container withholds";
  // Root of a user namespace has every capability, and bpf() still refuses it.
  const uids = machine.read("/proc/self/uid_map")?.trim().split(/\s+/);
  if (uids !== undefined && uids.join(" ") !== "0 0 4294967295") return "needs root outside of a user namespace";
  if (lockdown(machine) === "confidentiality") return "the kernel is locked down (confidentiality)";
  return null;
}

/** How far the kernel is locked down: `none`, `integrity` or `confidentiality`; none too where it does not say. */
export function lockdown(machine: Machine): string {
  return /\[(\w+)\]/.exec(machine.read("/sys/kernel/security/lockdown") ?? "")?.[1] ?? "none";
}

export function thisMachine(): Machine {
  const attempt = <T>(fn: () => T): T | null => {
    try {
      return fn();
    } catch {
      return null;
    }
  };
  return {
    os: Deno.build.os,
    uid: Deno.uid(),
    read: (path) => attempt(() => Deno.readTextFileSync(path)),
    exists: (path) => attempt(() => Deno.statSync(path)) !== null,
  };
}
