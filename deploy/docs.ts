/** Writes what the docs take from the code: the README's table of commands, docs/signals.md's of signals, docs/openapi.yaml. `deno task docs` */
import { COMMANDS } from "../cli/commands.ts";
import { withCommandsTable } from "../cli/commands_table.ts";
import { openApiYaml } from "./openapi.ts";
import { replaceBlock } from "./bench/page.ts";
import { measuredCosts } from "./measured_costs.ts";
import { signalsTable } from "./signals_table.ts";

function rewrite(path: string, next: (text: string) => string | null): void {
  const url = new URL(path, import.meta.url);
  const text = Deno.readTextFileSync(url);
  const written = next(text);
  if (written === null) throw new Error(`${path} has lost its marks`);
  if (written !== text) Deno.writeTextFileSync(url, written);
}

rewrite("../README.md", (text) => withCommandsTable(text, COMMANDS));
rewrite("../docs/signals.md", (text) => replaceBlock(text, signalsTable(measuredCosts()), "signals"));
Deno.writeTextFileSync(new URL("../docs/openapi.yaml", import.meta.url), openApiYaml());
await new Deno.Command(Deno.execPath(), {
  args: [
    "fmt",
    "--quiet",
    ...["signals.md", "openapi.yaml"].map((name) => new URL(`../docs/${name}`, import.meta.url).pathname),
  ],
}).output();
