/** Why a live run is not possible here, in a few words; null when it is worth trying. */

const CAP_SYS_ADMIN = 1n << 21n;
const CAP_BPF = 1n << 39n;

export function kernelRefusal(): string | null {
  if (Deno.build.os !== "linux") return `needs Linux, this is ${Deno.build.os}`;
  if (Deno.uid() !== 0) return "needs root";
  const read = (path: string) => {
    try {
      return Deno.readTextFileSync(path);
    } catch {
      return null;
    }
  };
  try {
    Deno.statSync("/sys/kernel/btf/vmlinux");
  } catch {
    return "this kernel has no BTF (/sys/kernel/btf/vmlinux)";
  }
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(read("/proc/self/status") ?? "")?.[1] ?? "0"}`);
  if ((effective & (CAP_SYS_ADMIN | CAP_BPF)) === 0n) return "this container withholds CAP_BPF";
  const uids = read("/proc/self/uid_map")?.trim().split(/\s+/).join(" ");
  if (uids !== undefined && uids !== "0 0 4294967295") return "root of a user namespace may not load eBPF";
  return null;
}
