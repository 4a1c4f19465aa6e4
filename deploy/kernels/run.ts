/** Every kernel, one after the other: what a guest found out about it. */
import { lacks } from "../accuracy/measure.ts";
import { boot } from "./boot.ts";
import { type Attached, type GuestDocument, LOCK_DOWN, type Measured, type Unmeasured } from "./guest_document.ts";
import { kernelImages, type Release } from "./images.ts";
import { guestRoot } from "./root.ts";

/** The checkout keeps what it fetched: an image is fetched once. */
export const CACHE = new URL("../../.tools/kernels", import.meta.url).pathname;

export interface GuestReport {
  readonly kernel: string;
  /** From start to power-off. */
  readonly seconds: number;
  readonly attached: Attached | null;
  /** The same without BTF, and locked down. */
  readonly lacking: readonly Attached[];
  readonly measured: readonly Measured[];
  readonly unmeasured: readonly Unmeasured[];
  /** Boots it took. The emulator brings 6.12 down now and then, or to a standstill, each time in other code of the kernel; then it boots again. */
  readonly boots: number;
  /** The end of the console, where the guest did not come to its end. */
  readonly broken: string | null;
  /** It was the kernel that did not, at the last boot too. */
  readonly crashed: boolean;
}

const MOST_BOOTS = 3;

/** Why no guest can be booted here, or null. Whether Debian's archive can be reached is only seen when it is asked. */
export function cannotBoot(): string | null {
  if (Deno.build.arch !== "x86_64") return `the guests are x86-64, this is ${Deno.build.arch}`;
  return lacks("qemu-system-x86_64", "apt-get install qemu-system-x86") ?? lacks("cpio") ??
    lacks("busybox", "apt-get install busybox-static") ?? lacks("dig", "apt-get install bind9-dnsutils") ??
    lacks("curl");
}

/** `lockdown`: lock them down at the end, and look once more. @throws UnsupportedError where the images cannot be had. */
export async function runGuests(
  releases: readonly Release[],
  onStart: (kernel: string) => void,
  { lockdown = true }: { readonly lockdown?: boolean } = {},
): Promise<GuestReport[]> {
  await Deno.mkdir(CACHE, { recursive: true });
  const images = await kernelImages(CACHE, releases);
  const root = await guestRoot(CACHE);
  const reports: GuestReport[] = [];
  for (const [kernel, folder] of images) {
    onStart(kernel);
    const image = [...Deno.readDirSync(`${folder}/boot`)].find(({ name }) => name.startsWith("vmlinuz"))!;
    reports.push(await report(kernel, `${folder}/boot/${image.name}`, root, lockdown ? LOCK_DOWN : ""));
  }
  return reports;
}

async function report(kernel: string, vmlinuz: string, root: string, commandLine: string): Promise<GuestReport> {
  let boots = 0;
  for (;;) {
    boots++;
    const { seconds, documents, console, stalled } = await boot(vmlinuz, root, commandLine);
    const told = documents as readonly GuestDocument[];
    const of = <W extends GuestDocument["what"]>(what: W) =>
      told.filter((one): one is Extract<GuestDocument, { what: W }> => one.what === what);
    const ended = of("end").length > 0;
    const crashed = stalled || /Kernel panic|Oops|BUG: |Call Trace/.test(console);
    if (!ended && crashed && boots < MOST_BOOTS) continue;
    const end = console.trimEnd().split("\n").slice(-15).join("\n");
    const broken = ended ? null : stalled ? `${end}\n(it stood still)` : end;
    const [attached = null, ...lacking] = of("attached");
    return {
      kernel,
      seconds,
      attached,
      lacking,
      measured: of("measured"),
      unmeasured: of("unmeasured"),
      boots,
      broken,
      crashed: !ended && crashed,
    };
  }
}
