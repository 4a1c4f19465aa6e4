/** Boots one kernel in qemu, without hardware help, and reads what the guest prints. */
import { UnsupportedError } from "../../lib/model/errors.ts";
import { MARK } from "./guest_document.ts";

const LIMIT_MS = 240_000;
const MEMORY = "2048";

export interface Boot {
  readonly seconds: number;
  /** What the guest wrote, one JSON document a line. */
  readonly documents: readonly unknown[];
  /** The whole serial console, for when something went wrong. */
  readonly console: string;
}

/** @throws UnsupportedError where qemu is missing. */
export async function boot(vmlinuz: string, initramfs: string, commandLine = ""): Promise<Boot> {
  const started = performance.now();
  const args = [
    // One CPU of a plain kind: with two, or with every feature the emulator knows, 6.12 seldom comes up.
    ...["-accel", "tcg", "-cpu", "Haswell,-pcid,-invpcid,-smep,-smap", "-smp", "1", "-m", MEMORY],
    ...["-display", "none", "-monitor", "none", "-serial", "stdio", "-nic", "none", "-no-reboot"],
    ...["-kernel", vmlinuz, "-initrd", initramfs],
    ...["-append", `console=ttyS0 quiet loglevel=3 panic=-1 ${commandLine}`.trim()],
  ];
  const child = spawn(args);
  const timer = setTimeout(() => child.kill("SIGKILL"), LIMIT_MS);
  const { stdout } = await child.output();
  clearTimeout(timer);
  const text = new TextDecoder().decode(stdout).replaceAll("\r", "");
  const documents = text.split("\n").filter((line) => line.startsWith(MARK)).map((line) => JSON.parse(line.slice(2)));
  return { seconds: (performance.now() - started) / 1000, documents, console: text };
}

function spawn(args: string[]): Deno.ChildProcess {
  try {
    return new Deno.Command("qemu-system-x86_64", { args, stdin: "null", stdout: "piped", stderr: "null" }).spawn();
  } catch {
    throw new UnsupportedError(
      "Cannot boot a kernel: qemu-system-x86_64 is not installed",
      "Install it: apt-get install qemu-system-x86",
    );
  }
}
