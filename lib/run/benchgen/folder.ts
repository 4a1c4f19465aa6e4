/** The folder of one run: it appears whole or not at all, and a whole one is not made again. */
import { IoError } from "../../model/errors.ts";
import { toJson } from "../../model/json.ts";
import { sha256 } from "./provenance.ts";

/** What makes a run the one that was asked for. */
export interface RunIdentity {
  readonly scenario_sha256: string;
  readonly host_sha256: string;
  readonly commit: string;
  readonly seed: number;
  readonly workload: string;
  readonly mode: string;
  readonly origin: string;
}

/** Whether a whole run of this very kind is there: its provenance, which is written last, says so, and its files have its digests. */
export function isComplete(folder: string, identity: RunIdentity): boolean {
  try {
    const held = JSON.parse(Deno.readTextFileSync(`${folder}/provenance.json`));
    if (toJson(held.identity) !== toJson(identity)) return false;
    return Object.entries(held.digests as Record<string, string>).filter(([name]) => name.includes("."))
      .every(([name, digest]) => sha256(Deno.readTextFileSync(`${folder}/${name}`)) === digest);
  } catch {
    return false;
  }
}

/** @throws IoError when it cannot be written; nothing is left half-written then */
export async function writeFolder(
  folder: string,
  files: Readonly<Record<string, string>>,
  provenance: Readonly<Record<string, unknown>>,
): Promise<void> {
  const part = partOf(folder, Deno.pid);
  const digests = Object.fromEntries(Object.entries(files).map(([name, text]) => [name, sha256(text)]));
  const all = {
    ...files,
    "provenance.json": `${
      toJson({ ...provenance, digests: { ...(provenance.digests as Record<string, string>), ...digests } }, 2)
    }\n`,
  };
  try {
    await removeAbandoned(folder);
    await Deno.mkdir(part, { recursive: true });
    for (const [name, text] of Object.entries(all)) await Deno.writeTextFile(`${part}/${name}`, text);
    await Deno.remove(folder, { recursive: true }).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
    await Deno.rename(part, folder);
  } catch (error) {
    await Deno.remove(part, { recursive: true }).catch(() => {});
    throw new IoError(
      `Cannot write "${folder}": ${(error as Error).message}`,
      "Choose a folder you may write to with --out",
    );
  }
}

/** A hidden name: whoever looks for runs meanwhile, or after a run was killed, finds none. */
function partOf(folder: string, pid: number | string): string {
  const at = folder.lastIndexOf("/") + 1;
  return `${folder.slice(0, at)}.${folder.slice(at)}.part-${pid}`;
}

/** What processes that were killed had begun of this run. */
async function removeAbandoned(folder: string): Promise<void> {
  const [parent, name] = [folder.slice(0, folder.lastIndexOf("/")), folder.slice(folder.lastIndexOf("/") + 1)];
  await removeOfTheDead(
    parent,
    (entry) => entry.startsWith(`.${name}.part-`) ? /\.part-(\d+)$/.exec(entry)?.[1] : undefined,
  );
}

/** Removes what in a folder belongs to a process that is gone; `pidOf` tells whose it is by its name, or nobody's. */
async function removeOfTheDead(parent: string, pidOf: (name: string) => string | undefined): Promise<void> {
  try {
    for await (const { name } of Deno.readDir(parent)) {
      const pid = pidOf(name);
      if (pid !== undefined && !isAlive(pid)) await Deno.remove(`${parent}/${name}`, { recursive: true });
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** A folder for what a live run writes on its way; those of runs that were killed are removed. */
export async function workFolder(): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: `sloctl-bench-${Deno.pid}-` });
  const parent = folder.slice(0, folder.lastIndexOf("/"));
  await removeOfTheDead(parent, (name) => /^sloctl-bench-(\d+)-/.exec(name)?.[1]).catch(() => {});
  return folder;
}

function isAlive(pid: string): boolean {
  try {
    return Deno.statSync(`/proc/${pid}`).isDirectory;
  } catch {
    return false;
  }
}
