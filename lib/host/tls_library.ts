/**
 * Which TLS library a process has: one it has mapped, Go's or Java's own, or one built into its executable, known by words that the
 * library leaves there. The words tell what is inside, not what is used; a stripped library keeps them all the same.
 */
import { tryExec } from "./exec.ts";

/** Shared objects by the beginning of their name. */
const MAPPED: readonly (readonly [RegExp, string])[] = [
  [/\/(libssl\.so[^/]*)$/, "OpenSSL"],
  [/\/(libgnutls\.so[^/]*)$/, "GnuTLS"],
  [/\/(libnss3\.so|libssl3\.so)$/, "NSS"],
  [/\/(libmbedtls\.so[^/]*)$/, "mbed TLS"],
  [/\/(libwolfssl\.so[^/]*)$/, "wolfSSL"],
  [/\/(libs2n\.so[^/]*)$/, "s2n-tls"],
  [/\/(libjvm\.so)$/, "Java's own (JSSE)"],
];

const GO = "Go's own (crypto/tls)";
/** Words in an executable. */
const INSIDE: ReadonlyMap<string, string> = new Map([
  [" Go buildinf:", GO],
  ["BoringSSL", "BoringSSL"],
  ["OpenSSL 3.", "OpenSSL"],
  ["OpenSSL 1.", "OpenSSL"],
  ["rustls", "rustls"],
  ["GnuTLS", "GnuTLS"],
  ["wolfSSL", "wolfSSL"],
  ["mbedtls", "mbed TLS"],
]);

/** Executables that are searched, and processes that are looked at. */
const MOST_FILES = 64;
const MOST_PROCESSES = 256;

/** The library among mapped files of /proc/PID/maps: `OpenSSL (libssl.so.3)`. */
export function mappedLibrary(maps: string): string | undefined {
  for (const line of maps.split("\n")) {
    const path = line.slice(line.indexOf("/")).replace(/ \(deleted\)$/, "");
    for (const [pattern, name] of MAPPED) {
      const file = pattern.exec(path)?.[1];
      if (file !== undefined) return `${name} (${file})`;
    }
  }
  return undefined;
}

/** The libraries built into an executable; none when none is known by its words. Go programs use their own. */
export async function builtIn(path: string): Promise<string[]> {
  const words = [...INSIDE.keys()].flatMap((word) => ["-e", word]);
  const text = await tryExec("grep", "-aoF", ...words, path) ?? "";
  const found = new Set(text.split("\n").flatMap((word) => INSIDE.get(word) ?? []));
  return found.has(GO) ? [GO] : [...found].sort();
}

/** Looks at processes as they are met, and into executables afterwards; both bounded, each process and file once. */
export class TlsLibraries {
  readonly #exes = new Map<string, string>();
  readonly #names = new Map<string, string>();

  constructor(readonly proc = "/proc") {}

  /** To be called while the process lives; cheap. `key` names the process. */
  note(key: string, pid: number): void {
    if (this.#exes.has(key) || this.#names.has(key) || this.#exes.size + this.#names.size >= MOST_PROCESSES) return;
    try {
      const mapped = mappedLibrary(Deno.readTextFileSync(`${this.proc}/${pid}/maps`));
      if (mapped !== undefined) this.#names.set(key, mapped);
      else this.#exes.set(key, Deno.readLinkSync(`${this.proc}/${pid}/exe`));
    } catch {
      // gone already: nothing will be known of it
    }
  }

  /** Looks into the executables of the processes that had no library mapped. */
  async search(): Promise<void> {
    const files = new Map<string, string[]>();
    for (const [key, exe] of this.#exes) {
      if (!files.has(exe) && files.size < MOST_FILES) files.set(exe, await builtIn(exe));
      const names = files.get(exe) ?? [];
      if (names.length > 0) this.#names.set(key, `${names.join(" or ")}, built in`);
    }
    this.#exes.clear();
  }

  /** `OpenSSL (libssl.so.3)`, `OpenSSL or rustls, built in`; undefined when it was gone, or has none that is known. */
  name(key: string): string | undefined {
    return this.#names.get(key);
  }
}
