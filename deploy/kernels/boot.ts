/** Boots one kernel in qemu, without hardware help, and reads what the guest prints. */
import { UnsupportedError } from "../../lib/model/errors.ts";
import { MARK } from "./guest_document.ts";

const LIMIT_MS = 240_000;
/** The guest writes to its second serial port every second. So long without is a kernel that stands still; it also has to come up in that time. */
const STALL_MS = 60_000;
const LOOK_MS = 2_000;
const MEMORY = "2048";

/** One CPU of a plain kind: with two, or with every feature the emulator knows, 6.12 seldom comes up. */
export const MACHINE: readonly string[] = [
  ...["-accel", "tcg", "-cpu", "Haswell,-pcid,-invpcid,-smep,-smap", "-smp", "1"],
];

export interface Boot {
  readonly seconds: number;
  /** What the guest wrote, one JSON document a line. */
  readonly documents: readonly unknown[];
  /** The whole serial console, for when something went wrong. */
  readonly console: string;
  /** It was ended because it stood still. */
  readonly stalled: boolean;
}

/** @throws UnsupportedError where qemu is missing. */
export async function boot(vmlinuz: string, initramfs: string, commandLine = ""): Promise<Boot> {
  const started = performance.now();
  const beat = await Deno.makeTempFile({ prefix: "sloctl-guest-" });
  const args = [
    ...[...MACHINE, "-m", MEMORY],
    ...[
      "-display",
      "none",
      "-monitor",
      "none",
      "-serial",
      "stdio",
      "-serial",
      `file:${beat}`,
      "-nic",
      "none",
      "-no-reboot",
    ],
    ...["-kernel", vmlinuz, "-initrd", initramfs],
    ...["-append", `console=ttyS0 quiet loglevel=3 panic=-1 ${commandLine}`.trim()],
  ];
  try {
    const child = spawn(args);
    let [stalled, beats, since] = [false, -1, started];
    const timer = setInterval(() => {
      const now = performance.now();
      const { size } = Deno.statSync(beat);
      if (size !== beats) [beats, since] = [size, now];
      stalled = now - since > STALL_MS;
      if (stalled || now - started > LIMIT_MS) child.kill("SIGKILL");
    }, LOOK_MS);
    const { stdout } = await child.output();
    clearInterval(timer);
    const seconds = (performance.now() - started) / 1000;
    const console = new TextDecoder().decode(stdout).replaceAll("\r", "");
    const lines = console.split("\n").filter((line) => line.startsWith(MARK));
    return { seconds, documents: lines.map((line) => JSON.parse(line.slice(2))), console, stalled };
  } finally {
    await Deno.remove(beat);
  }
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
