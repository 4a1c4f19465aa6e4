/** The join in a process of its own: its heap and its compiled code are nobody else's. */
import type { JoinResult } from "./join_run.ts";

const CHILD = new URL("./join_run.ts", import.meta.url).pathname;

export async function benchJoin(): Promise<JoinResult> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--v8-flags=--expose-gc", CHILD],
    stdin: "null",
    stderr: "inherit",
  });
  const { success, stdout } = await child.output();
  if (!success) throw new Error("join_run.ts ended with an error");
  return JSON.parse(new TextDecoder().decode(stdout)) as JoinResult;
}
