/** Help text from a command's declaration. Pure. */
import type { Command, Flag } from "./command.ts";
import type { Found } from "./find.ts";
import { twoColumns, wrap } from "./text.ts";

/** Wider lines are hard to read; narrower than this cannot be laid out. */
const WIDEST = 110;
const NARROWEST = 40;

/** The whole help page of a command, a group or the program, for a terminal of `columns` columns. Ends with a line break. */
export function helpText({ command, name }: Pick<Found, "command" | "name">, columns: number): string {
  const width = Math.max(NARROWEST, Math.min(WIDEST, columns));
  const subcommands = (command.subcommands ?? []).filter((sub) => sub.hidden !== true);
  const pending = command.flags.filter((flag) => flag.pending === true);
  const working = command.flags.filter((flag) => flag.pending !== true);
  const sections: string[][] = [
    wrap(capital(command.summary), width),
    ["Usage:", ...usage(command, name).map((line) => `  ${line}`)],
    (command.description ?? "").split(/\n{2,}/).filter((text) => text !== "")
      .flatMap((text, i) => [...(i > 0 ? [""] : []), ...wrap(text, width)]),
    titled(name.includes(" ") ? "Verbs:" : "Commands:", subcommands.map((sub) => [sub.name, sub.summary]), width),
    titled("Arguments:", positionalRows(command), width),
    titled("Flags:", [...working.map(flagRow), ["-h, --help", "show this"]], width),
    titledLines(
      "Accepted for older scripts, without effect yet:",
      pending.length === 0 ? [] : wrap(names(pending), width - 2).map((line) => `  ${line}`),
    ),
    titledLines(
      "Examples:",
      command.examples.flatMap(({ command, text }) => [`  ${command}`, ...indented(text, width)]),
    ),
    subcommands.length === 0 ? [] : [`Run "${name} <${placeholder(name)}> --help" for its flags and examples.`],
  ];
  return sections.filter((lines) => lines.length > 0).map((lines) => lines.join("\n")).join("\n\n") + "\n";
}

function usage(command: Command, name: string): string[] {
  const lines: string[] = [];
  if (command.subcommands !== undefined) lines.push(`${name} <${placeholder(name)}> [flags]`);
  if (command.run !== undefined) {
    const { positionals } = command;
    const many = (positionals?.max ?? 0) > 1 ? "..." : "";
    const what = positionals === undefined ? "" : ` ${positionals.name}${many}`;
    lines.push(`${name}${positionals?.min === 0 ? ` [${what.trim()}]` : what} [flags]`);
  }
  return lines;
}

function placeholder(name: string): string {
  return name.includes(" ") ? "verb" : "command";
}

function positionalRows({ positionals }: Command): [string, string][] {
  return positionals === undefined ? [] : [[positionals.name, positionals.help]];
}

function flagRow(flag: Flag): [string, string] {
  const value = flag.type === "boolean"
    ? ""
    : ` ${flag.placeholder ?? (flag.values?.join("|") ?? defaultPlaceholder(flag))}`;
  const preset = flag.default === undefined || flag.default === false || flag.default === ""
    ? ""
    : ` (default ${shown(flag.default, flag.type)})`;
  const values = flag.placeholder !== undefined && flag.values !== undefined ? `: ${flag.values.join(", ")}` : "";
  return [`--${flag.name}${value}`, flag.help + values + preset];
}

/** Milliseconds are shown as a person would type them. */
function shown(value: string | number | boolean, type: Flag["type"]): string {
  if (type !== "duration" || typeof value !== "number") return String(value);
  return value % 1000 === 0 ? `${value / 1000}s` : `${value}ms`;
}

function defaultPlaceholder(flag: Flag): string {
  const byType = { integer: "N", number: "N", duration: "DURATION", list: "A,B", string: "TEXT", boolean: "" };
  return byType[flag.type];
}

function names(flags: readonly Flag[]): string {
  return flags.map((flag) => `--${flag.name}`).join(" ");
}

function indented(text: string, width: number): string[] {
  return wrap(text, width - 6).map((line) => `      ${line}`);
}

function titled(title: string, rows: readonly (readonly [string, string])[], width: number): string[] {
  return titledLines(title, twoColumns(rows, width));
}

function titledLines(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [title, ...lines];
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
