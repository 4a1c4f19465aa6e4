/** For kernel tests: the agent as people run it, also on a machine that lacks something. */
const ROOT = new URL("../../", import.meta.url).pathname;

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs `./sloctl agent ...`, behind `prefix` if there is one. */
export async function agent(args: readonly string[], prefix: readonly string[] = []): Promise<Ran> {
  const [command = "", ...rest] = [...prefix, `${ROOT}sloctl`, "agent", ...args];
  const { code, stdout, stderr } = await new Deno.Command(command, {
    args: rest,
    env: { SLOCTL_DENO: Deno.execPath() },
    stdin: "null",
  }).output();
  const text = new TextDecoder();
  return { code, out: text.decode(stdout), err: text.decode(stderr) };
}

/** A prefix: what follows runs among mounts of its own, after the shell has done `change` to them. */
export function changedMounts(change: string): string[] {
  return ["unshare", "--mount", "sh", "-ec", `${change}\nexec "$@"`, "sh"];
}

/** A prefix: what follows never has these capabilities, `sys_admin` and so on. */
export function withoutCapabilities(...names: readonly string[]): string[] {
  return ["setpriv", "--bounding-set", names.map((name) => `-${name}`).join(",")];
}
