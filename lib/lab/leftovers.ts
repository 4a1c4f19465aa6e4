/** Removes everything a lab makes, by name: after its end, after a failure half-way, or after its owner was killed. */
import { parseCgroupMounts, removeCgroupTree } from "../host/cgroup_dirs.ts";
import { tryExec } from "../host/exec.ts";
import { CGROUP, HOST_LINK, NETNS_ETC, PREFIX, TLS_DIR } from "./names.ts";
import { removeState, takeLock } from "./state.ts";
import { removeTls } from "./tls_material.ts";

/**
 * Removes what a killed lab left. Needs root; finding nothing is fine.
 *
 * @throws IoError when a lab is running: its things are not leftovers.
 */
export async function cleanLeftovers(log: (line: string) => void): Promise<void> {
  using _ = await takeLock();
  await removeEverything(log);
}

/** The same for the holder of the lock. Logs a line per kind of thing it found. */
export async function removeEverything(log: (line: string) => void): Promise<void> {
  const { cpuV1, unified } = parseCgroupMounts(Deno.readTextFileSync("/proc/self/mounts"));
  for (const root of [cpuV1, unified]) {
    if (root !== null && isThere(`${root}/${CGROUP}`)) {
      log(`removing cgroup ${root}/${CGROUP} and what runs in it`);
      await removeCgroupTree(`${root}/${CGROUP}`);
    }
  }
  // First the link on the host: with a namespace gone its links go too, but some time later.
  if (isThere(`/sys/class/net/${HOST_LINK}`)) {
    log(`removing link ${HOST_LINK}`);
    await tryExec("ip", "link", "del", HOST_LINK);
  }
  for (const netns of list("/run/netns")) {
    log(`removing network namespace ${netns}`);
    await tryExec("ip", "netns", "del", netns);
  }
  // On this host; those inside a namespace went with it.
  for (const [family, table] of await nftTables()) {
    log(`removing nft table ${family} ${table}`);
    await tryExec("nft", "delete", "table", family, table);
  }
  for (const name of list(NETNS_ETC)) Deno.removeSync(`${NETNS_ETC}/${name}`, { recursive: true });
  removeEmpty(NETNS_ETC);
  removeTls(TLS_DIR);
  removeState();
}

function isThere(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}

/** Entries of a directory that carry our prefix; none where there is no such directory. */
function list(dir: string): string[] {
  try {
    return [...Deno.readDirSync(dir)].map((entry) => entry.name).filter((name) => name.startsWith(`${PREFIX}-`));
  } catch {
    return [];
  }
}

async function nftTables(): Promise<[family: string, name: string][]> {
  const tables = await tryExec("nft", "list", "tables") ?? "";
  return tables.split("\n")
    .map((line) => line.split(" ").slice(1) as [string, string])
    .filter(([, name]) => name?.startsWith(PREFIX));
}

function removeEmpty(dir: string): void {
  try {
    Deno.removeSync(dir);
  } catch {
    // Someone else keeps files there, or it never existed.
  }
}
