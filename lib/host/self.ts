import { fileURLToPath } from "node:url";

/**
 * The argv prefix that runs this very program again, for children that are the program itself under a hidden subcommand.
 * From a checkout that is Deno on cli/sloctl.ts; a compiled binary is its own interpreter.
 */
export function selfCommand(): string[] {
  if (Deno.build.standalone) return [Deno.execPath()];
  return [Deno.execPath(), "run", "-A", "--no-prompt", fileURLToPath(new URL("../../cli/sloctl.ts", import.meta.url))];
}
