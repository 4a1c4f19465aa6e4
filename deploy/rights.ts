/**
 * Tries the agent without one capability after the other: deno task rights [--json] [--write]
 *
 * `--write` puts the table into docs/rights.md. As root; exit code 3 where that cannot be.
 */
import { ebpfRefusal } from "../lib/host/ebpf_refusal.ts";
import { toJson } from "../lib/model/json.ts";
import { machine } from "./bench/machine.ts";
import { replaceBlock } from "./bench/page.ts";
import { measureRights } from "./rights/measure.ts";
import { renderRights } from "./rights/render.ts";

const PAGE = new URL("../docs/rights.md", import.meta.url).pathname;

const write = (to: typeof Deno.stdout | typeof Deno.stderr, text: string) =>
  to.writeSync(new TextEncoder().encode(text));

async function main(args: readonly string[]): Promise<number> {
  const unknown = args.find((arg) => !["--json", "--write"].includes(arg));
  const refusal = ebpfRefusal();
  if (unknown !== undefined || refusal !== null) {
    write(Deno.stderr, `Cannot try rights: ${refusal ?? `"${unknown}" is not --json or --write`}\n`);
    return unknown === undefined ? 3 : 2;
  }
  const report = await measureRights();
  const text = renderRights(report);
  write(Deno.stdout, args.includes("--json") ? `${toJson(report, 2)}\n` : text);
  if (!args.includes("--write")) return 0;
  const { at, commit } = await machine();
  const where = `Printed by \`deno task rights --write\` at ${
    at.slice(0, 10)
  }, commit ${commit}, Linux ${Deno.osRelease()}.`;
  const page = replaceBlock(await Deno.readTextFile(PAGE), `${where}\n\n${text}`, "rights");
  if (page === null) throw new Error("docs/rights.md has lost its marks");
  await Deno.writeTextFile(PAGE, page);
  await new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", PAGE] }).output();
  return 0;
}

Deno.exitCode = await main(Deno.args);
