/** Words after the command -> Input, checked against the command's declaration. Pure; every refusal is a UsageError. */
import { UsageError } from "../lib/model/errors.ts";
import type { Command, Flag, Input } from "./command.ts";
import { nearest } from "../lib/model/nearest.ts";
import { durationMs, type FlagValue, flagValue } from "./values.ts";

export interface Parsed {
  readonly input: Input;
  /** Names of flags the caller typed that have no effect yet. */
  readonly pending: readonly string[];
}

/** `name` is what the caller typed to get here, such as "sloctl lab up"; it only appears in messages. */
export function parse(command: Command, name: string, words: readonly string[]): Parsed {
  const flags = new Map(command.flags.map((flag) => [flag.name, flag]));
  const given = new Map<string, FlagValue>();
  const positionals: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (word === "--") {
      positionals.push(...words.slice(i + 1));
      break;
    }
    if (word === "-" || !word.startsWith("-")) {
      positionals.push(word);
      continue;
    }
    const equals = word.indexOf("=");
    const typed = equals < 0 ? word : word.slice(0, equals);
    const flag = typed.startsWith("--") ? flags.get(typed.slice(2)) : undefined;
    if (flag === undefined) throw unknownFlag(typed, name, flags.keys());
    let text: string;
    if (equals >= 0) text = word.slice(equals + 1);
    else if (flag.type === "boolean") text = "true";
    else text = following(words[++i], flag, name);
    store(given, flag, flagValue(flag, text));
  }
  checkPositionals(command, name, positionals);
  const pending = [...given.keys()].filter((key) => flags.get(key)?.pending === true);
  return { input: new CheckedInput(positionals, flags, given), pending };
}

/** True when a word before `--` asks for help. */
export function wantsHelp(words: readonly string[]): boolean {
  const end = words.indexOf("--");
  return words.slice(0, end < 0 ? words.length : end).some((word) => word === "--help" || word === "-h");
}

/** The word after a flag that needs a value. Another flag is not a value (write --flag=-x for that); "-" and -5 are. */
function following(word: string | undefined, flag: Flag, name: string): string {
  if (word !== undefined && (word === "-" || !word.startsWith("-") || /^-[\d.]/.test(word))) return word;
  throw new UsageError(
    `Cannot use "--${flag.name}": its value is missing`,
    `Write --${flag.name} ${
      flag.placeholder ?? flag.values?.join("|") ?? flag.type.toUpperCase()
    }; see "${name} --help"`,
  );
}

/** A list gathers every mention; of anything else the last mention counts, so that a script can be overridden. */
function store(given: Map<string, FlagValue>, flag: Flag, value: FlagValue): void {
  const before = given.get(flag.name);
  given.set(flag.name, Array.isArray(before) && Array.isArray(value) ? [...before, ...value] : value);
}

function unknownFlag(typed: string, name: string, known: Iterable<string>): UsageError {
  const meant = nearest(typed.replace(/^-+/, ""), [...known, "help"]);
  const help = `see "${name} --help"`;
  return new UsageError(
    `Cannot use "${typed}": ${name} has no such flag`,
    meant === undefined ? `S${help.slice(1)}` : `Use --${meant} if that is what you meant, or ${help}`,
  );
}

function checkPositionals(command: Command, name: string, words: readonly string[]): void {
  const { min, max, name: what } = command.positionals ?? { min: 0, max: 0, name: "" };
  const help = `See "${name} --help"`;
  if (words.length < min) throw new UsageError(`Cannot run "${name}": ${what} is missing`, help);
  if (words.length > max) {
    const state = max === 0 ? "takes no arguments" : `takes at most ${max}`;
    throw new UsageError(`Cannot use "${words[max]}": ${name} ${state}`, help);
  }
}

class CheckedInput implements Input {
  constructor(
    readonly positionals: readonly string[],
    private readonly flags: ReadonlyMap<string, Flag>,
    private readonly values: ReadonlyMap<string, FlagValue>,
  ) {}

  string(name: string): string | undefined {
    return this.get(name, ["string"]) as string | undefined;
  }

  number(name: string): number | undefined {
    const value = this.get(name, ["integer", "number", "duration"]);
    // A declared default may be spelled the way a person would: "20s".
    return typeof value === "string" ? durationMs(value) ?? Number(value) : value as number | undefined;
  }

  boolean(name: string): boolean {
    return this.get(name, ["boolean"]) === true;
  }

  list(name: string): readonly string[] {
    const value = this.get(name, ["list"]);
    return typeof value === "string" ? value.split(",") : (value as readonly string[] | undefined) ?? [];
  }

  given(name: string): boolean {
    return this.values.has(name);
  }

  /** A command that asks for a flag it never declared, or as another type, is our bug: a plain Error. */
  private get(name: string, types: readonly Flag["type"][]): FlagValue | undefined {
    const flag = this.flags.get(name);
    if (flag === undefined || !types.includes(flag.type)) {
      throw new Error(`--${name} is not declared as ${types.join(" or ")}`);
    }
    return this.values.get(name) ?? flag.default;
  }
}
