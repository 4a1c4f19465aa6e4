/** Where a report's numbers come from: machine, kernel, versions, command. */
import { libbpf, readCString } from "../../kernel/libbpf.ts";
import type { RunData } from "./run_data.ts";

export function hostFacts(): RunData["host"] {
  const text = (path: string) => {
    try {
      return Deno.readTextFileSync(path);
    } catch {
      return "";
    }
  };
  return {
    name: Deno.hostname(),
    kernel: Deno.osRelease(),
    cpus: (text("/proc/cpuinfo").match(/^processor\s*:/gm) ?? []).length,
    arch: Deno.build.arch,
  };
}

/** `commit` is "unknown" where there is no checkout. */
export async function provenance(argv: readonly string[]): Promise<Record<string, unknown>> {
  const cpu = /^model name\s*:\s*(.*)$/m.exec(await Deno.readTextFile("/proc/cpuinfo").catch(() => ""))?.[1] ??
    "unknown";
  return {
    generated_at: new Date().toISOString(),
    commit: await commit(),
    versions: { deno: Deno.version.deno, v8: Deno.version.v8, libbpf: readCString(libbpf().libbpf_version_string()) },
    kernel: Deno.osRelease(),
    cpu,
    argv: ["sloctl", ...argv],
  };
}

async function commit(): Promise<string> {
  const cwd = new URL("../../../", import.meta.url).pathname;
  try {
    const git = (...args: string[]) => new Deno.Command("git", { args, cwd, stdout: "piped", stderr: "null" }).output();
    const head = new TextDecoder().decode((await git("rev-parse", "--short=12", "HEAD")).stdout).trim();
    const dirty = (await git("status", "--porcelain")).stdout.length > 0;
    return head === "" ? "unknown" : dirty ? `${head}-dirty` : head;
  } catch {
    return "unknown";
  }
}
