/**
 * Power cuts for real: a collector under load in an emulated machine that is killed (its page cache is gone), on a disk whose own cache is
 * lost too. What it had acknowledged has to be there once, each time; with syncs switched off the same test has to see a loss.
 */
import { assert, assertEquals } from "@std/assert";
import { UnsupportedError } from "../../lib/model/errors.ts";
import { missingTool, testUnless } from "../../lib/testing/unless.ts";
import { emptyDisk, recover } from "./cut_image.ts";
import { CutMachine, StoodStill } from "./cut_machine.ts";
import { type Acknowledged, cutRound, keptBy, type Round, STORE } from "./cut_rounds.ts";
import { kernelImages, RELEASES } from "./images.ts";
import { serveNbd } from "./nbd_server.ts";
import { cutRoot } from "./root.ts";
import { CACHE, cannotBoot } from "./run.ts";
import { VolatileDisk } from "./volatile_disk.ts";

/** SLOCTL_CUTS=100 cuts as often. */
const CUTS = Number(Deno.env.get("SLOCTL_CUTS") ?? 2);
/** Of each round so many further moments are tried on the recorded writes: what would have been found had the power gone then. */
const MOMENTS = 6;
const ANSWERS = 30;
/** Without syncs the file system writes by itself every five seconds: a cut right after that could lose nothing. */
const MOST_CONTROLS = 3;
/** So often in a row the emulator stands still before the rest is given up: a long run has more patience. */
const MOST_STILL = Math.max(3, CUTS / 10);
/** The kernel that Debian 12 ships. */
const RELEASE = RELEASES.find(({ kernel }) => kernel === "6.1")!;

const cannot = cannotBoot() ?? await missingTool("mkfs.ext4", "apt-get install e2fsprogs") ??
  await missingTool("debugfs", "apt-get install e2fsprogs");

function missing(acked: readonly Acknowledged[], spans: readonly string[]): string[] {
  const there = new Set(spans);
  return acked.map(({ span }) => span).filter((span) => !there.has(span));
}

testUnless(cannot, "a power cut loses nothing that was acknowledged, and doubles nothing", async (test) => {
  await using stack = new AsyncDisposableStack();
  const dir = await Deno.makeTempDir({ prefix: "sloctl-cut-" });
  stack.defer(() => Deno.remove(dir, { recursive: true }));
  const skip = (why: string) => test.step({ name: why, ignore: true, fn: () => {} });
  let machine;
  try {
    await Deno.mkdir(CACHE, { recursive: true });
    const folder = (await kernelImages(CACHE, [RELEASE])).get(RELEASE.kernel)!;
    const image = [...Deno.readDirSync(`${folder}/boot`)].find(({ name }) => name.startsWith("vmlinuz"))!;
    const initramfs = await cutRoot(CACHE, folder);
    machine = { vmlinuz: `${folder}/boot/${image.name}`, initramfs, disk: `${dir}/disk`, dir };
  } catch (error) {
    if (!(error instanceof UnsupportedError)) throw error;
    return void await skip(`not booted: ${error.message}`);
  }
  const disk = new VolatileDisk(await emptyDisk(dir));
  stack.use(serveNbd(disk, machine.disk));

  const tally = { cuts: 0, moments: 0, acknowledged: 0, flushes: 0, beyond: 0, withoutSync: 0, lostWithoutSync: 0 };
  let still = 0;
  /** Again when the emulator stood still; null when it has too often. */
  const patiently = async <T>(act: () => Promise<T>): Promise<T | null> => {
    for (;;) {
      try {
        const done = await act();
        still = 0;
        return done;
      } catch (error) {
        if (!(error instanceof StoodStill)) throw error;
        if (++still >= MOST_STILL) {
          await skip(`not judged after ${JSON.stringify(tally)}: ${error.message}`);
          return null;
        }
        disk.cut(keptBy(Math.random()));
      }
    }
  };
  // Not among the temporary files: they may be kept in memory.
  const kept = `${CACHE}/cut.kept`;
  stack.defer(() => Deno.remove(kept).catch(() => {}));
  const isKept = await patiently(async () => {
    await using booted = CutMachine.start(machine);
    await booted.ready();
    await booted.keep(kept);
    return true;
  });
  if (isKept === null) return;

  const acked: Acknowledged[] = [];
  let unknown: Round["unknown"] = [];
  const judge = async (image: Uint8Array, promised: readonly Acknowledged[], when: string) => {
    const found = await recover(image, STORE, dir);
    assertEquals(found.problems, [], when);
    assertEquals(missing(promised, found.spans), [], `acknowledged and lost, ${when}`);
    assertEquals(new Set(found.spans).size, found.spans.length, `something is there twice, ${when}`);
    return found;
  };
  const round = (synchronous: "FULL" | "OFF") =>
    patiently(() => cutRound(machine, kept, disk, { answers: ANSWERS, synchronous, again: unknown }));

  let printed = "empty";
  for (; tally.cuts < CUTS; tally.cuts++) {
    const one = await round("FULL");
    if (one === null) return;
    // What the collector found at its start is what the host found on a copy of its disk.
    assertEquals(one.printed, printed);
    for (let i = 0; i < MOMENTS; i++) {
      const [moment, draw] = [Math.floor(Math.random() * disk.moment), Math.random()];
      const promised = [...acked, ...one.acked.filter((ack) => ack.moment <= moment)];
      await judge(disk.at(moment, keptBy(draw)), promised, `cut ${tally.cuts}, moment ${moment}, draw ${draw}`);
      tally.moments++;
    }
    tally.flushes += disk.flushes;
    acked.push(...one.acked);
    tally.acknowledged = acked.length;
    unknown = one.unknown;
    disk.cut(keptBy(Math.random()));
    const found = await judge(disk.at(0, () => false), acked, `cut ${tally.cuts}`);
    // More than was acknowledged may be there: what was under way, which is sent again and then counts once.
    const known = new Set([...acked.map(({ span }) => span), ...unknown.flat().map(({ spanId }) => spanId)]);
    assertEquals(found.spans.filter((span) => !known.has(span)), []);
    tally.beyond += found.spans.length - acked.length;
    printed = found.printed;
  }

  for (let i = 0; i < MOST_CONTROLS && tally.lostWithoutSync === 0; i++) {
    const one = await round("OFF");
    if (one === null) return;
    disk.cut(() => false);
    // It may be broken altogether.
    const spans = await recover(disk.at(0, () => false), STORE, dir).then((found) => found.spans, () => []);
    tally.withoutSync += one.acked.length;
    tally.lostWithoutSync += missing(one.acked, spans).length;
  }
  if (CUTS > 10) await Deno.stderr.write(new TextEncoder().encode(`${JSON.stringify(tally)}\n`));
  assert(tally.lostWithoutSync > 0, `without syncs all ${tally.withoutSync} are there: this test would see no loss`);
});
