/**
 * Boots the kernels that Debian 11, 12 and 13 ship, in qemu, and tries the agent on each: deno task kernels [--json] [--write] [6.1 ...]
 *
 * Fetches the images once (80 MB, from the Debian archive this machine already uses, into .tools). `--write` puts the result
 * into docs/kernels.md. Exit code 1 when a count or a time is wrong or a guest broke, 3 when none can be booted here.
 */
import { SloctlError } from "../lib/model/errors.ts";
import { toJson } from "../lib/model/json.ts";
import { machine } from "./bench/machine.ts";
import { replaceBlock } from "./bench/page.ts";
import { RELEASES } from "./kernels/images.ts";
import { renderKernels } from "./kernels/render.ts";
import { cannotBoot, type GuestReport, runGuests } from "./kernels/run.ts";
import { holdsEmulated } from "./kernels/verdict.ts";

const PAGE = new URL("../docs/kernels.md", import.meta.url).pathname;

const write = async (to: typeof Deno.stdout | typeof Deno.stderr, text: string) => {
  await new Blob([text]).stream().pipeTo(to.writable, { preventClose: true });
};

async function refreshPage(text: string): Promise<void> {
  const { at, commit } = await machine();
  const where = `Printed by \`deno task kernels --write\` at ${
    at.slice(0, 10)
  }, commit ${commit}, in qemu without hardware help.`;
  const page = replaceBlock(await Deno.readTextFile(PAGE), `${where}\n\n${text}`, "kernels");
  await Deno.writeTextFile(PAGE, page);
  await new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", PAGE] }).output();
}

function right({ broken, attached, measured }: GuestReport): boolean {
  return broken === null && attached !== null && attached.error === undefined &&
    measured.every(({ comparisons }) => comparisons.every(holdsEmulated));
}

async function main(args: readonly string[]): Promise<number> {
  const wanted = args.filter((arg) => !arg.startsWith("--"));
  const unknown = args.find((arg) => !["--json", "--write"].includes(arg) && !RELEASES.some((r) => r.kernel === arg));
  if (unknown !== undefined) {
    const known = RELEASES.map(({ kernel }) => kernel).join(", ");
    await write(Deno.stderr, `Cannot boot "${unknown}": give some of ${known}, --json or --write\n`);
    return 2;
  }
  const refusal = cannotBoot();
  if (refusal !== null) {
    await write(Deno.stderr, `Cannot boot a kernel: ${refusal}\n`);
    return 3;
  }
  const releases = RELEASES.filter(({ kernel }) => wanted.length === 0 || wanted.includes(kernel));
  const reports = await runGuests(
    releases,
    (kernel) => Deno.stderr.writeSync(new TextEncoder().encode(`Linux ${kernel} ...\n`)),
  );
  const text = renderKernels(reports);
  await write(Deno.stdout, args.includes("--json") ? `${toJson(reports, 2)}\n` : text);
  for (const { kernel, broken } of reports) {
    if (broken !== null) await write(Deno.stderr, `Linux ${kernel}:\n${broken}\n`);
  }
  if (args.includes("--write")) await refreshPage(text);
  return reports.every(right) ? 0 : 1;
}

try {
  Deno.exitCode = await main(Deno.args);
} catch (error) {
  if (!(error instanceof SloctlError)) throw error;
  await write(Deno.stderr, `${error.message}\n${error.hint === undefined ? "" : `  hint: ${error.hint}\n`}`);
  Deno.exitCode = 3;
}
