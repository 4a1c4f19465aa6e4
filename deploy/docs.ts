/** Writes what the docs take from the code: the README's table of commands. `deno task docs` */
import { COMMANDS } from "../cli/commands.ts";
import { withCommandsTable } from "../cli/commands_table.ts";

const README = new URL("../README.md", import.meta.url);
const text = Deno.readTextFileSync(README);
const next = withCommandsTable(text, COMMANDS);
if (next === null) throw new Error("README.md has no marks for the table of commands");
if (next !== text) Deno.writeTextFileSync(README, next);
