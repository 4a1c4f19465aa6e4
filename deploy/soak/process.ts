/** What a process holds, looked at from outside: memory, descriptors, and the entries of its BPF hash tables. */
import { closeFd } from "../../lib/host/libc.ts";
import { BpfMap } from "../../lib/kernel/bpf_map.ts";
import { libbpf, readCString } from "../../lib/kernel/libbpf.ts";

export interface Holding {
  readonly rss_mb: number;
  /** Descriptors by what they lead to; sockets, pipes and the like without their numbers. */
  readonly open: Readonly<Record<string, number>>;
  /** Entries of each table, by the kernel's name for it. */
  readonly entries: Readonly<Record<string, number>>;
}

/** BPF_MAP_TYPE_HASH, LRU_HASH. Arrays and rings have no entries that come and go. */
const TABLES = [1, 9];
const INFO_BYTES = 256;
/** In struct bpf_map_info: type, id, key_size, value_size, max_entries, map_flags, name. */
const NAME_AT = 24;

/** @throws Deno.errors.NotFound when it has ended */
export function holding(pid: number): Holding {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  const fds = [...Deno.readDirSync(`/proc/${pid}/fd`)].map(({ name }) => name);
  const maps = new Set<number>();
  const open: Record<string, number> = {};
  for (const fd of fds) {
    const what = leadsTo(pid, fd);
    open[what] = (open[what] ?? 0) + 1;
    const id = mapId(pid, fd);
    if (id !== null) maps.add(id);
  }
  return {
    rss_mb: Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) / 1024,
    open,
    entries: Object.fromEntries([...maps].flatMap((id) => count(id) ?? [])),
  };
}

function leadsTo(pid: number, fd: string): string {
  try {
    return Deno.readLinkSync(`/proc/${pid}/fd/${fd}`).replace(/:\[\d+\]$/, "");
  } catch {
    return "closed meanwhile";
  }
}

/** The map behind a descriptor that is a table; null: it is something else. */
function mapId(pid: number, fd: string): number | null {
  try {
    const info = Deno.readTextFileSync(`/proc/${pid}/fdinfo/${fd}`);
    const field = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(info)?.[1] ?? NaN);
    return TABLES.includes(field("map_type")) ? field("map_id") : null;
  } catch {
    return null; // closed meanwhile
  }
}

function count(id: number): [[string, number]] | null {
  const fd = libbpf().bpf_map_get_fd_by_id(id);
  if (fd < 0) return null;
  try {
    const info = new Uint32Array(INFO_BYTES / 4);
    const bytes = new Uint8Array(info.buffer);
    libbpf().bpf_obj_get_info_by_fd(fd, bytes, new Uint8Array(new Uint32Array([INFO_BYTES]).buffer));
    const name = readCString(Deno.UnsafePointer.of(bytes.subarray(NAME_AT)));
    const map = new BpfMap(name, fd, info[2]!, info[3]!);
    return [[name, [...map.entries()].length]];
  } finally {
    closeFd(fd);
  }
}
