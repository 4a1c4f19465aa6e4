/** What tracefs says of classic tracepoints: their number, and where they keep their fields. */
import { IoError } from "../model/errors.ts";
import { mountUnlisted } from "./unlisted_mount.ts";

export interface Tracepoint {
  readonly id: number;
  /** Offset of each field in the record, in bytes. */
  readonly offsets: ReadonlyMap<string, number>;
}

const PLACES = ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"];

/** The fields out of the text of a `format` file. */
export function parseFormat(text: string): Map<string, number> {
  const lines = text.matchAll(/^\s*field:.*?(\w+)(?:\[\d*\])?;\s*offset:(\d+);/gm);
  return new Map([...lines].map(([, name, offset]) => [name!, Number(offset)]));
}

/**
 * Reads where tracefs is mounted, or else mounts it for the moment, for ourselves alone.
 *
 * @param name as `tcp/tcp_retransmit_skb`
 * @throws IoError when it cannot be read, or has no such tracepoint
 */
export function readTracepoint(name: string): Tracepoint {
  const root = PLACES.find((place) => isFolder(`${place}/events`));
  using unlisted = root === undefined ? mountUnlisted("tracefs") : null;
  const place = root ?? unlisted?.path;
  if (place === undefined) {
    throw new IoError(
      "tracefs is not mounted, and mounting it takes CAP_SYS_ADMIN and a kernel that is not locked down",
    );
  }
  try {
    const read = (file: string) => Deno.readTextFileSync(`${place}/events/${name}/${file}`);
    return { id: Number(read("id")), offsets: parseFormat(read("format")) };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw new IoError(`this kernel has no tracepoint ${name}`);
    throw new IoError(`tracefs cannot be read: ${(error as Error).message}`);
  }
}

function isFolder(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}
