/**
 * Every signal against an instrument that was not written here: deno task accuracy [--json] [--write] [name ...]
 *
 * Prints signal, oracle, n, ours, theirs and the difference; `--write` puts the table into docs/accuracy.md. Needs root. A name
 * narrows the run. Exit code 1 when a comparison is apart, 3 when nothing could be compared.
 */
import { ebpfRefusal } from "../lib/host/ebpf_refusal.ts";
import { SloctlError } from "../lib/model/errors.ts";
import { toJson } from "../lib/model/json.ts";
import { MEASUREMENTS } from "./accuracy/all.ts";
import { agrees, type Comparison, type Measurement } from "./accuracy/measure.ts";
import { type Accuracy, renderMarkdown, renderText, type Unmeasured } from "./accuracy/render.ts";
import { machine } from "./bench/machine.ts";
import { replaceBlock } from "./bench/page.ts";

const PAGE = new URL("../docs/accuracy.md", import.meta.url).pathname;

const write = async (to: typeof Deno.stdout | typeof Deno.stderr, text: string) => {
  await new Blob([text]).stream().pipeTo(to.writable, { preventClose: true });
};

async function measureAll(measurements: readonly Measurement[]): Promise<Accuracy> {
  const comparisons: Comparison[] = [];
  const unmeasured: Unmeasured[] = [];
  for (const { name, needs, measure } of measurements) {
    const reason = ebpfRefusal() ?? needs?.() ?? null;
    await write(Deno.stderr, `accuracy: ${name}${reason === null ? " ..." : `: skipped, ${reason}`}\n`);
    try {
      if (reason === null) comparisons.push(...await measure());
      else unmeasured.push({ name, reason });
    } catch (error) {
      if (!(error instanceof SloctlError)) throw error;
      unmeasured.push({ name, reason: [error.message, error.hint].filter(Boolean).join("; ") });
    }
  }
  return { comparisons, unmeasured };
}

const flags = Deno.args.filter((arg) => arg.startsWith("--"));
const names = Deno.args.filter((arg) => !arg.startsWith("--"));
const unknown = flags.find((flag) => !["--json", "--write"].includes(flag)) ??
  names.find((name) => !MEASUREMENTS.some((one) => one.name.includes(name)));
if (unknown !== undefined) {
  const known = MEASUREMENTS.map(({ name }) => name).join(", ");
  await write(Deno.stderr, `Cannot measure "${unknown}": it is neither an option nor one of ${known}\n`);
  Deno.exitCode = 2;
} else {
  const accuracy = await measureAll(
    MEASUREMENTS.filter(({ name }) => names.length === 0 || names.some((wanted) => name.includes(wanted))),
  );
  const on = await machine();
  const width = Deno.stdout.isTerminal() ? Deno.consoleSize().columns : 200;
  if (flags.includes("--json")) await write(Deno.stdout, `${toJson({ machine: on, ...accuracy }, 2)}\n`);
  else await write(Deno.stdout, renderText(accuracy, width, Deno.stdout.isTerminal() && !Deno.env.get("NO_COLOR")));
  if (flags.includes("--write")) {
    const where = `Printed by \`deno task accuracy --write\` at ${on.at.slice(0, 10)} on ${on.cpu}, ${on.cpus} CPUs, ` +
      `Linux ${on.kernel} ${on.arch}, commit ${on.commit}; load average ${on.load.toFixed(1)} as it began.`;
    const block = `${where}\n\n${renderMarkdown(accuracy)}\n`;
    await Deno.writeTextFile(PAGE, replaceBlock(await Deno.readTextFile(PAGE), block, "accuracy"));
    await new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", PAGE] }).output();
  }
  if (accuracy.comparisons.length === 0) Deno.exitCode = 3;
  else if (!accuracy.comparisons.every(agrees)) Deno.exitCode = 1;
}
