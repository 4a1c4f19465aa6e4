import { assert, assertEquals } from "@std/assert";
import type { Command } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import { commandsTable, withCommandsTable } from "./commands_table.ts";

const run = () => Promise.resolve(0);
const base = { summary: "does a|b", examples: [], flags: [] };

Deno.test("a table of what can be run", () => {
  const commands: Command[] = [
    { ...base, name: "a", run, positionals: { name: "FILE", help: "", min: 1, max: 1 } },
    { ...base, name: "group", subcommands: [{ ...base, name: "up", summary: "starts", run }] },
    { ...base, name: "secret", run, hidden: true },
  ];
  assertEquals(
    commandsTable(commands),
    `| command           | what it does |
| ----------------- | ------------ |
| \`sloctl a FILE\`   | does a\\|b    |
| \`sloctl group up\` | starts       |`,
  );
});

Deno.test("the README's table is what the declarations say", async () => {
  const text = await Deno.readTextFile(new URL("../README.md", import.meta.url));
  assertEquals(text, withCommandsTable(text, COMMANDS), "Run: deno task docs");
});

Deno.test("every command a person sees has examples that name it", () => {
  const check = (command: Command, path: string) => {
    if (command.hidden) return;
    assert(command.examples.length > 0, `${path} has no example`);
    assert(command.examples.some((one) => one.command.includes(path)), `no example of ${path} shows it`);
    for (const sub of command.subcommands ?? []) check(sub, `${path} ${sub.name}`);
  };
  for (const command of COMMANDS) check(command, `sloctl ${command.name}`);
});
