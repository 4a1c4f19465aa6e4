/** Where the numbers of a run come from, and what a later gate compares: commit, versions, machine, command, seed, digests. */
import { createHash } from "node:crypto";
import { tryExec } from "../../host/exec.ts";
import { sourceCommit } from "../../host/source_commit.ts";
import { toJson } from "../../model/json.ts";
import type { Scenario } from "../../model/scenario.ts";

export function sha256(text: string): string {
  return createHash("sha256").update(text, "utf8").digest("hex");
}

export interface Machine {
  readonly kernel: string;
  readonly cpu: string;
  readonly cpus: number;
  readonly arch: string;
  readonly memory_gib: number;
}

/** What a measurement depends on, and nothing that names whom it belongs to. */
export function machine(): Machine {
  const cpuinfo = read("/proc/cpuinfo");
  const kib = Number(/^MemTotal:\s+(\d+)/m.exec(read("/proc/meminfo"))?.[1] ?? 0);
  return {
    kernel: read("/proc/sys/kernel/osrelease").trim() || Deno.build.os,
    cpu: /^(?:model name|CPU part)\s*:\s*(.*)$/m.exec(cpuinfo)?.[1] ?? "unknown",
    cpus: navigator.hardwareConcurrency,
    arch: Deno.build.arch,
    memory_gib: Math.round(kib / 2 ** 20),
  };
}

export interface Source {
  /** 12 digits, `-dirty` where files differ; "unknown" outside a repository. */
  readonly commit: string;
  /** Branch or tag; "" where there is none. */
  readonly ref: string;
}

/** @param may whether other programs may be run: git is asked */
export async function source(): Promise<Source> {
  const root = new URL("../../../", import.meta.url).pathname;
  const ref = Deno.build.standalone ? null : await tryExec("git", "-C", root, "rev-parse", "--abbrev-ref", "HEAD");
  return { commit: await sourceCommit(), ref: ref?.trim() ?? "" };
}

/** The scenario as it was run: another phase length or rate is another benchmark. */
export function scenarioDigest(scenario: Scenario, how: Readonly<Record<string, unknown>>): string {
  const { description: _, ...rest } = scenario;
  return sha256(toJson(sorted({ ...rest, ...how })));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1).map(([k, v]) => [k, sorted(v)]));
}

function read(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return "";
  }
}
