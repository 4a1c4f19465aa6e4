import { assert, assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../lib/model/errors.ts";
import type { Command } from "./command.ts";
import { parse, wantsHelp } from "./parse.ts";

const command: Command = {
  name: "agent",
  summary: "watch",
  examples: [],
  flags: [
    { name: "json", type: "boolean", help: "" },
    { name: "out", type: "string", help: "", placeholder: "FILE" },
    { name: "count", type: "integer", help: "", default: 3 },
    { name: "for", type: "duration", help: "", default: "20s" },
    { name: "signals", type: "list", help: "" },
    { name: "scenario", type: "string", help: "", pending: true },
  ],
  positionals: { name: "FILE", help: "", min: 0, max: 2 },
};

const read = (...words: string[]) => parse(command, "sloctl agent", words);

Deno.test("parse accepts every spelling", () => {
  const table: [string[], Record<string, unknown>][] = [
    [[], { json: false, out: undefined, count: 3, for: 20_000, signals: [], files: [] }],
    [["--json", "--out", "a.json"], { json: true, out: "a.json" }],
    [["--json=false", "--out=a=b"], { json: false, out: "a=b" }],
    [["--json", "--json=false"], { json: false }],
    [["--out", "-"], { out: "-" }],
    [["--out=--x"], { out: "--x" }],
    [["--out="], { out: "" }],
    [["--count", "-5"], { count: -5 }],
    [["--count=1", "--count=2"], { count: 2 }],
    [["--for", "1m30s"], { for: 90_000 }],
    [["--signals", "a,b", "--signals=c"], { signals: ["a", "b", "c"] }],
    [["x", "--json", "-"], { json: true, files: ["x", "-"] }],
    [["--", "--json", "-x"], { json: false, files: ["--json", "-x"] }],
  ];
  for (const [words, expected] of table) {
    const { input } = read(...words);
    const actual: Record<string, unknown> = {
      json: input.boolean("json"),
      out: input.string("out"),
      count: input.number("count"),
      for: input.number("for"),
      signals: input.list("signals"),
      files: input.positionals,
    };
    for (const [key, value] of Object.entries(expected)) assertEquals(actual[key], value, `${words.join(" ")}: ${key}`);
  }
});

Deno.test("parse refuses with one line and a hint", () => {
  const table: [string[], string, string][] = [
    [["--jsn"], 'Cannot use "--jsn": sloctl agent has no such flag', "Use --json if"],
    [["--zzzzzz=1"], 'Cannot use "--zzzzzz"', 'See "sloctl agent --help"'],
    [["-x"], 'Cannot use "-x"', 'See "sloctl agent --help"'],
    [["-json"], 'Cannot use "-json"', "Use --json if"],
    [["--out"], 'Cannot use "--out": its value is missing', "Write --out FILE"],
    [["--out", "--json"], 'Cannot use "--out": its value is missing', "Write --out FILE"],
    [["--count", "many"], 'Cannot use "--count many": it is not a whole number', "Give"],
    [["a", "b", "c"], 'Cannot use "c": sloctl agent takes at most 2', "See"],
  ];
  for (const [words, message, hint] of table) {
    const error = assertThrows(() => read(...words), UsageError, message);
    assert(error.hint?.startsWith(hint), `${words.join(" ")}: ${error.hint}`);
  }
  const { positionals: _, ...bare } = command;
  assertThrows(() => parse(bare, "sloctl agent", ["x"]), UsageError, 'Cannot use "x": sloctl agent takes no arguments');
  const needy = { ...command, positionals: { name: "FILE", help: "", min: 1, max: 1 } };
  assertThrows(() => parse(needy, "sloctl agent", []), UsageError, 'Cannot run "sloctl agent": FILE is missing');
});

Deno.test("parse tells given from default, and names pending flags once", () => {
  const { input, pending } = read("--scenario", "x", "--scenario=y", "--count=3");
  assertEquals(pending, ["scenario"]);
  assert(input.given("count") && !input.given("for"));
});

Deno.test("asking for an undeclared flag is a bug, not a usage error", () => {
  const error = assertThrows(() => read().input.string("nope"));
  assert(!(error instanceof UsageError));
});

Deno.test("wantsHelp", () => {
  const table: [string[], boolean][] = [
    [["--out", "--help"], true],
    [["-h"], true],
    [["--", "--help"], false],
    [["help"], false],
  ];
  for (const [words, expected] of table) assertEquals(wantsHelp(words), expected, words.join(" "));
});
