/** `sloctl support-bundle`: what a support case needs, in one archive that a person can look through before handing it on. */
import { configJson, type LoadedConfig } from "../config/mod.ts";
import { EXIT, IoError, SloctlError } from "../model/errors.ts";
import type { Io } from "../model/io.ts";
import { toJson } from "../model/json.ts";
import { table } from "../report/table.ts";
import { checkPrereq } from "./prereq.ts";
import { hostFacts } from "./support/facts.ts";
import { redact, without } from "./support/redact.ts";
import { tar, type TarFile } from "./support/tar.ts";
import { versionFacts } from "./version.ts";

export interface BundleOptions {
  /** `-` is standard output; undefined: a name with the time, in the working directory. */
  readonly out: string | undefined;
  readonly json: boolean;
  readonly version: string;
  /** The configuration; may fail, and then its failure is what the bundle holds. */
  readonly config: () => Promise<LoadedConfig>;
  /** Where recent failures are kept; null where there is no such place. */
  readonly failures: string | null;
}

interface Part {
  readonly name: string;
  readonly about: string;
  readonly text: string;
}

/** Resolves to the exit code. @throws IoError when the archive cannot be written. */
export async function writeBundle(options: BundleOptions, io: Io): Promise<number> {
  const now = new Date();
  const parts = await collect(options);
  const archive = await gzip(tar(parts.map(file), Math.floor(now.getTime() / 1000)));
  const path = options.out ??
    `sloctl-support-${now.toISOString().slice(0, 19).replaceAll(/[-:]/g, "").replace("T", "-")}.tar.gz`;
  // On standard output the archive is the data, and the list is talk.
  const say = path === "-" ? io.err : io.out;
  if (path === "-") writeOut(archive);
  else write(path, archive);
  const rows = parts.map(({ name, about, text }) => [name, String(new TextEncoder().encode(text).length), about]);
  if (options.json) {
    say(
      `${
        toJson({
          path,
          bytes: archive.length,
          files: rows.map(([name, bytes, about]) => ({ name, bytes: Number(bytes), about })),
        }, 2)
      }\n`,
    );
    return EXIT.ok;
  }
  const columns = [{ title: "file" }, { title: "bytes", align: "right" as const }, { title: "what it holds", min: 20 }];
  say(table(columns, rows, { color: io.color && path !== "-", width: io.columns }));
  say(
    `\n${
      path === "-" ? "Written to standard output" : path
    }: ${archive.length} bytes. Nothing was sent anywhere; look through it before you hand it on.\n`,
  );
  return EXIT.ok;
}

async function collect({ version, config, failures }: BundleOptions): Promise<Part[]> {
  const { text, secrets } = await configPart(config);
  const part = (name: string, about: string, value: unknown): Part => {
    const text = typeof value === "string" ? value : `${toJson(value, 2)}\n`;
    return { name, about, text: without(secrets, text) };
  };
  return [
    part("version.json", "version, commit, Deno, libbpf, digests of the BPF objects", await versionFacts(version)),
    part("prereq.json", "what this machine offers the probes, and what it lacks", await checkPrereq()),
    part("config.json", "every setting and where it came from; secrets are left out", text),
    part("host.json", "kernel, distribution, CPUs, memory, control groups; no name, no address", hostFacts()),
    part(
      "failures.jsonl",
      "the last failures of sloctl on this machine, by this user",
      failures === null ? "" : redact(read(failures)),
    ),
  ];
}

async function configPart(load: BundleOptions["config"]): Promise<{ text: string; secrets: string[] }> {
  try {
    const { settings } = await load();
    const secrets = settings.filter(({ field }) => field.secret).map(({ value }) => String(value));
    return { text: `${toJson(configJson(settings), 2)}\n`, secrets };
  } catch (error) {
    if (!(error instanceof SloctlError)) throw error;
    return { text: `${toJson({ error: redact(error.message), hint: error.hint }, 2)}\n`, secrets: [] };
  }
}

function read(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return "";
  }
}

function file({ name, text }: Part): TarFile {
  return { path: `sloctl-support/${name}`, bytes: new TextEncoder().encode(text) };
}

async function gzip(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
  return await new Response(stream).bytes();
}

function writeOut(bytes: Uint8Array): void {
  try {
    for (let done = 0; done < bytes.length;) done += Deno.stdout.writeSync(bytes.subarray(done));
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) return; // the reader had enough
    throw refused("standard output", error);
  }
}

/** Whole or not at all: a name of its own first. What is there and no file, such as a device, is written to as it is. */
function write(path: string, bytes: Uint8Array): void {
  const there = statOrNull(path);
  if (there !== null && !there.isFile && !there.isDirectory) {
    try {
      return Deno.writeFileSync(path, bytes);
    } catch (error) {
      throw refused(path, error);
    }
  }
  const partial = `${path}.part-${Deno.pid}`;
  try {
    Deno.writeFileSync(partial, bytes, { mode: 0o600 });
    Deno.renameSync(partial, path);
  } catch (error) {
    if (statOrNull(partial) !== null) Deno.removeSync(partial);
    throw refused(path, error);
  }
}

function statOrNull(path: string): Deno.FileInfo | null {
  try {
    return Deno.statSync(path);
  } catch {
    return null;
  }
}

function refused(path: string, error: unknown): IoError {
  const reason = error instanceof Error ? error.message : String(error);
  return new IoError(`Cannot write "${path}": ${reason}`, "Name another place: --out FILE");
}
