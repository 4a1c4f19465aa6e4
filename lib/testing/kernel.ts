/**
 * Tests that load programs into the running kernel. Where that cannot be, the test is skipped and says why.
 *
 * Such tests live in files named `*_kernel_test.ts`, which run one after the other and are left out by `deno task test:unit`.
 */
import { ebpfRefusal } from "../host/ebpf_refusal.ts";
import { testUnless } from "./unless.ts";

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
  const reason = ebpfRefusal() ?? needs();
  testUnless(reason, name, (test) => within(timeoutMs, async () => await fn(test)));
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
