import { IoError, UnsupportedError } from "../model/errors.ts";

/** Debian packages of the tools we call, for the hint when one is missing. */
const PACKAGES: Readonly<Record<string, string>> = { ip: "iproute2", nft: "nftables", sh: "dash" };

/**
 * Runs a tool to its end and yields its standard output. For short commands with short answers.
 *
 * @throws UnsupportedError when the tool is not installed; IoError with the tool's own last line when it fails.
 */
export async function exec(...argv: readonly [string, ...string[]]): Promise<string> {
  const [tool, ...args] = argv;
  let output: Deno.CommandOutput;
  try {
    output = await new Deno.Command(tool, { args, stdin: "null" }).output();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new UnsupportedError(
      `Cannot run "${tool}": it is not installed`,
      `Install it: apt-get install ${PACKAGES[tool] ?? tool}`,
    );
  }
  const text = new TextDecoder();
  if (!output.success) {
    const reason = text.decode(output.stderr).trim().split("\n").at(-1) || `exit code ${output.code}`;
    throw new IoError(`Cannot run "${argv.join(" ")}": ${reason}`);
  }
  return text.decode(output.stdout);
}

/** Like exec, but a failure is an answer: null. For queries and for clean-up of things that may not be there. */
export async function tryExec(...argv: readonly [string, ...string[]]): Promise<string | null> {
  try {
    return await exec(...argv);
  } catch (error) {
    if (error instanceof IoError || error instanceof UnsupportedError) return null;
    throw error;
  }
}
