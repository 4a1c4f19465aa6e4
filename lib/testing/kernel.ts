/**
 * Tests that load programs into the running kernel. Where that cannot be, the test is skipped and says why: the reason travels
 * in the test's name, so that every reporter shows it; deploy/run_tests.ts prints it as `skipped: <test> — <reason>`.
 *
 * Such tests live in files named `*_kernel_test.ts`, which run one after the other and are left out by `deno task test:unit`.
 */
import { SKIP_MARK } from "../../deploy/test_summary.ts";

export interface KernelTestOptions {
  /** A further condition: why this one test cannot run here, or null. Asked only where kernel tests can run at all. */
  readonly needs?: () => string | null;
  /** A test that hangs fails after this long. */
  readonly timeoutMs?: number;
}

const DEFAULT_TIMEOUT_MS = 60_000;

/** Registers `fn` as a test, or as a skipped one with its reason. */
export function kernelTest(
  name: string,
  fn: (test: Deno.TestContext) => void | Promise<void>,
  { needs = () => null, timeoutMs = DEFAULT_TIMEOUT_MS }: KernelTestOptions = {},
): void {
  const reason = kernelSkipReason() ?? needs();
  if (reason === null) Deno.test(name, (test) => within(timeoutMs, async () => await fn(test)));
  else Deno.test({ name: name + SKIP_MARK + reason, ignore: true, fn: () => {} });
}

/** What kernel tests need to know of a machine; tests give their own. */
export interface Machine {
  readonly os: string;
  readonly uid: number | null;
  /** The text of a file, or null where there is none. */
  readonly read: (path: string) => string | null;
  readonly exists: (path: string) => boolean;
}

/** Why no kernel test can run on this machine, or null when they can. Checked once per file; takes no privileges. */
export function kernelSkipReason(machine: Machine = thisMachine()): string | null {
  if (machine.os !== "linux") return `needs Linux, this is ${machine.os}`;
  if (machine.uid !== 0) return "needs root";
  if (!machine.exists("/sys/kernel/btf/vmlinux")) return "the kernel has no BTF (/sys/kernel/btf/vmlinux)";
  if (!LIBRARY_FOLDERS.some((folder) => machine.exists(`${folder}/libbpf.so.1`))) return "libbpf.so.1 is not installed";
  return rightsSkipReason(machine);
}

const LIBRARY_FOLDERS = ["/usr/lib", "/lib", "/usr/lib64", "/lib64", "/usr/local/lib"].flatMap((folder) => [
  folder,
  `${folder}/x86_64-linux-gnu`,
  `${folder}/aarch64-linux-gnu`,
]);

const CAP_SYS_ADMIN = 1n << 21n;
const CAP_BPF = 1n << 39n;

/** Why bpf() would refuse root here: a container without the capability, a user namespace, or lockdown. */
function rightsSkipReason(machine: Machine): string | null {
  const effective = /^CapEff:\s*([0-9a-f]+)/m.exec(machine.read("/proc/self/status") ?? "")?.[1];
  const capabilities = BigInt(`0x${effective ?? "0"}`);
  if ((capabilities & (CAP_SYS_ADMIN | CAP_BPF)) === 0n) return "needs CAP_BPF, which this container withholds";
  // Root of a user namespace has every capability, and bpf() still refuses it.
  const uids = machine.read("/proc/self/uid_map")?.trim().split(/\s+/);
  if (uids !== undefined && uids.join(" ") !== "0 0 4294967295") return "needs root outside of a user namespace";
  const lockdown = /\[(\w+)\]/.exec(machine.read("/sys/kernel/security/lockdown") ?? "")?.[1];
  if (lockdown === "confidentiality") return "the kernel is locked down (confidentiality)";
  return null;
}

function thisMachine(): Machine {
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

async function within(timeoutMs: number, fn: () => Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`still running after ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    await Promise.race([fn(), late]);
  } finally {
    clearTimeout(timer);
  }
}
