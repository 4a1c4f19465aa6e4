/** A program run to its end, with what it printed and the CPU time it and its children took. */

export interface Timed {
  readonly code: number;
  readonly stdout: string;
  readonly cpuMs: number;
}

/** The shell's `times` counts what its children took, the kernel's part included. */
export async function timed(argv: readonly string[], folder: string): Promise<Timed> {
  const times = `${folder}/times`;
  const script = '"$@"; code=$?; times > "$0"; exit $code';
  const child = new Deno.Command("sh", {
    args: ["-c", script, times, ...argv],
    stdin: "null",
    stderr: "null",
    env: { NO_COLOR: "1" },
  });
  const { code, stdout } = await child.output();
  const [, children = ""] = (await Deno.readTextFile(times)).split("\n");
  const cpuMs = [...children.matchAll(/(\d+)m([\d.]+)s/g)].reduce(
    (sum, [, minutes, seconds]) => sum + 60_000 * Number(minutes) + 1000 * Number(seconds),
    0,
  );
  return { code, stdout: new TextDecoder().decode(stdout), cpuMs };
}
