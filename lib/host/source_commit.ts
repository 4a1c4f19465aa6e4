/** Which source this program was made from. */
import { tryExec } from "./exec.ts";

/** Written by deploy/build.ts and embedded in the binary, beside the BPF objects. */
const BUILD_INFO = new URL("../../bpf/out/build.json", import.meta.url);

/** The commit, 12 digits, `-dirty` where files differ from it; "unknown" where there is no repository to ask. */
export async function sourceCommit(): Promise<string> {
  if (Deno.build.standalone) return embeddedCommit();
  const root = new URL("../../", import.meta.url).pathname;
  const head = await tryExec("git", "-C", root, "rev-parse", "--short=12", "HEAD");
  if (head === null) return "unknown";
  const changed = await tryExec("git", "-C", root, "status", "--porcelain");
  return head.trim() + (changed === null || changed === "" ? "" : "-dirty");
}

function embeddedCommit(): string {
  try {
    const { commit } = JSON.parse(Deno.readTextFileSync(BUILD_INFO)) as { readonly commit: string };
    return commit;
  } catch {
    return "unknown";
  }
}
