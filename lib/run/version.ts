/** `sloctl version`: what exactly is running. */
import { sourceCommit } from "../host/source_commit.ts";
import { libbpf, readCString } from "../kernel/libbpf.ts";
import { EXIT, SloctlError } from "../model/errors.ts";
import type { Io } from "../model/io.ts";
import { toJson } from "../model/json.ts";
import { bpfFiles } from "./bpf_objects.ts";

export interface VersionFacts {
  readonly version: string;
  /** Of the source: 12 digits and perhaps `-dirty`, or "unknown". */
  readonly commit: string;
  readonly deno: string;
  readonly v8: string;
  /** `x86_64-unknown-linux-gnu`. */
  readonly platform: string;
  /** True in the compiled binary. */
  readonly standalone: boolean;
  /** Of the shared library on this machine; null where it cannot be opened, and why. */
  readonly libbpf: string | null;
  readonly libbpf_missing?: string;
  /** The compiled probes; empty when they are not built. */
  readonly bpf_objects: readonly { readonly name: string; readonly sha256: string }[];
}

/** `version` is the program's own. */
export async function versionFacts(version: string): Promise<VersionFacts> {
  return {
    version,
    commit: await sourceCommit(),
    deno: Deno.version.deno,
    v8: Deno.version.v8,
    platform: Deno.build.target,
    standalone: Deno.build.standalone,
    ...libbpfVersion(),
    bpf_objects: await Promise.all(
      bpfFiles().map(async ({ probe, bytes }) => ({ name: `${probe}.bpf.o`, sha256: await sha256(bytes) })),
    ),
  };
}

/** Resolves to the exit code. */
export async function showVersion(version: string, json: boolean, io: Io): Promise<number> {
  const facts = await versionFacts(version);
  if (json) {
    io.out(`${toJson(facts, 2)}\n`);
    return EXIT.ok;
  }
  const built = facts.bpf_objects.map(({ name, sha256 }) => `  ${name.padEnd(24)} sha256 ${sha256.slice(0, 16)}`);
  const rows = [
    `sloctl ${facts.version} (${facts.commit}${facts.standalone ? ", compiled" : ""})`,
    `Deno ${facts.deno}, V8 ${facts.v8}, ${facts.platform}`,
    facts.libbpf === null ? `libbpf: ${facts.libbpf_missing}` : `libbpf ${facts.libbpf}`,
    built.length === 0 ? "BPF objects: not built; run `make setup`, or `deno task bpf`" : "BPF objects:",
    ...built,
  ];
  io.out(`${rows.join("\n")}\n`);
  return EXIT.ok;
}

function libbpfVersion(): Pick<VersionFacts, "libbpf" | "libbpf_missing"> {
  if (Deno.build.os !== "linux") return { libbpf: null, libbpf_missing: "this is not Linux" };
  try {
    return { libbpf: readCString(libbpf().libbpf_version_string()).replace(/^v/, "") };
  } catch (error) {
    if (!(error instanceof SloctlError)) throw error;
    return { libbpf: null, libbpf_missing: error.message };
  }
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}
