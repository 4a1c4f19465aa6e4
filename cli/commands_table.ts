/** The README's table of commands, from the declarations. Pure. */
import type { Command } from "./command.ts";

/** A Markdown table, its columns padded as `deno fmt` wants them; one row a command or verb that can be run. */
export function commandsTable(commands: readonly Command[]): string {
  const rows = [["command", "what it does"], ...commands.flatMap((command) => rowsOf(command, "sloctl"))];
  const widths = [0, 1].map((i) => Math.max(...rows.map((row) => row[i]!.length)));
  const line = (cells: readonly string[]) => `| ${cells.map((cell, i) => cell.padEnd(widths[i]!)).join(" | ")} |`;
  const [head, ...body] = rows.map(line);
  return [head, line(widths.map((width) => "-".repeat(width))), ...body].join("\n");
}

function rowsOf(command: Command, parent: string): string[][] {
  if (command.hidden === true) return [];
  const name = `${parent} ${command.name}`;
  const own = command.run === undefined
    ? []
    : [[`\`${name}${positionals(command)}\``, command.summary.replaceAll("|", "\\|")]];
  return [...own, ...(command.subcommands ?? []).flatMap((sub) => rowsOf(sub, name))];
}

function positionals({ positionals }: Command): string {
  if (positionals === undefined) return "";
  return positionals.min === 0 ? ` [${positionals.name}]` : ` ${positionals.name}`;
}

const BEGIN = "<!-- commands:begin -->";
const END = "<!-- commands:end -->";

/** `text` with what stands between the marks replaced; null when it has no marks. */
export function withCommandsTable(text: string, commands: readonly Command[]): string | null {
  const begin = text.indexOf(BEGIN);
  const end = text.indexOf(END);
  if (begin < 0 || end < begin) return null;
  return `${text.slice(0, begin + BEGIN.length)}\n\n${commandsTable(commands)}\n\n${text.slice(end)}`;
}
