/** What is found on a disk after a power cut: its file system is brought in order as at any boot, and the store on it is opened. */
import { exec } from "../../lib/host/exec.ts";
import { databasePath } from "../../lib/store/journal_db.ts";
import { JournalStore } from "../../lib/store/journal_store.ts";
import { verifyJournal } from "../../lib/store/journal_verify.ts";

const BYTES = 64 << 20;

export interface Recovered {
  /** As a collector prints it at its start; "empty" too. */
  readonly printed: string;
  /** Span ids, each as often as it is there. */
  readonly spans: readonly string[];
  /** What `sloctl store verify` finds. */
  readonly problems: readonly string[];
}

/** An empty ext4 file system, without what Linux would do in the background on a new one. */
export async function emptyDisk(dir: string): Promise<Uint8Array<ArrayBuffer>> {
  const path = `${dir}/new.img`;
  {
    using file = Deno.createSync(path);
    file.truncateSync(BYTES);
  }
  await exec("mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0", path);
  const bytes = await Deno.readFile(path);
  await Deno.remove(path);
  return bytes;
}

/** @param image of the disk @param store its folder on it @param dir for what is read out of it; nothing stays there */
export async function recover(image: Uint8Array, store: string, dir: string): Promise<Recovered> {
  const work = await Deno.makeTempDir({ dir });
  try {
    await Deno.writeFile(`${work}/disk.img`, image);
    // 1: errors were corrected, as the replay of the file system's own journal always is.
    const check = new Deno.Command("e2fsck", { args: ["-f", "-y", `${work}/disk.img`], stdin: "null" });
    const { code, stdout } = await check.output();
    if (code > 1) throw new Error(`e2fsck: ${code}: ${new TextDecoder().decode(stdout)}`);
    await exec("debugfs", "-R", `rdump ${store} ${work}`, `${work}/disk.img`);
    const found = `${work}/${store.split("/").at(-1)}`;
    if (!hasDatabase(found)) return { printed: "empty", spans: [], problems: [] };
    return await open(found);
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}

async function open(dir: string): Promise<Recovered> {
  let printed: string;
  let spans: string[];
  {
    await using store = await JournalStore.open({
      dir,
      synchronous: "FULL",
      leaseMs: 10_000,
      owner: "a test",
      retainMs: Infinity,
      retainBytes: Infinity,
    });
    const { first, last } = store.state();
    printed = last === 0 ? "empty" : `sequences ${first} to ${last}, digest ${store.digest}`;
    const entries = await store.after(0, 1e6, { kinds: ["span"] });
    spans = entries.map(({ document }) => (document as { spanId: string }).spanId);
  }
  return { printed, spans, problems: verifyJournal(databasePath(dir)).problems };
}

function hasDatabase(dir: string): boolean {
  try {
    return Deno.statSync(databasePath(dir)).isFile;
  } catch {
    return false;
  }
}
