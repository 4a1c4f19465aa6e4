import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { IoError, UnsupportedError } from "../lib/model/errors.ts";
import { fakeIo } from "../lib/testing/fake_io.ts";
import type { Command } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import { main } from "./main.ts";
import { Stopped } from "./stopped.ts";

const base = { examples: [], flags: [] };

/** A command that ends by throwing `error`. */
const failing = (name: string, error: unknown): Command => ({
  ...base,
  name,
  summary: "fails",
  run: () => Promise.reject(error),
});

const commands: readonly Command[] = [
  {
    ...base,
    name: "echo",
    summary: "says it back",
    positionals: { name: "WORD", help: "what to say", min: 1, max: 3 },
    flags: [{ name: "loud", type: "boolean", help: "in capitals" }, {
      name: "node",
      type: "string",
      help: "",
      pending: true,
    }],
    run: (input, io) => {
      const text = input.positionals.join(" ");
      io.out(`${input.boolean("loud") ? text.toUpperCase() : text}\n`);
      return Promise.resolve(1);
    },
  },
  {
    ...base,
    name: "group",
    summary: "has verbs",
    subcommands: [
      { ...base, name: "up", summary: "starts", run: () => Promise.resolve(0) },
      { ...base, name: "down", summary: "stops", run: () => Promise.resolve(0) },
      { ...base, name: "child", summary: "inner", hidden: true, run: () => Promise.resolve(7) },
    ],
  },
  failing("unsupported", new UnsupportedError('Cannot load "x": no BTF', "Use a newer kernel")),
  failing("io", new IoError('Cannot read "x": gone')),
  failing("bug", new TypeError("undefined is not a thing")),
  failing("odd", "a string"),
  failing("interrupted", new Stopped("SIGINT")),
  failing("piped", new Stopped("closed output")),
];

async function run(...argv: string[]) {
  const io = fakeIo();
  const code = await main(argv, io, commands);
  return { code, stdout: io.stdout, stderr: io.stderr };
}

Deno.test("main ends with the right code, and says what went wrong on stderr", async () => {
  const table: [string, number, string, string][] = [
    ["echo hello", 1, "hello\n", ""],
    ["echo --loud a b", 1, "A B\n", ""],
    ["echo --node n1 a", 1, "a\n", "sloctl: --node is accepted but has no effect yet\n"],
    ["echo", 2, "", 'sloctl: Cannot run "sloctl echo": WORD is missing\n  hint: See "sloctl echo --help"\n'],
    [
      "ehco",
      2,
      "",
      'sloctl: Cannot run "sloctl ehco": sloctl has no such command\n  hint: Use "sloctl echo" if that is what you meant, or see "sloctl --help"\n',
    ],
    ["group", 2, "", 'sloctl: Cannot run "sloctl group": it needs one of its verbs\n  hint: Use one of: up, down\n'],
    [
      "group upp",
      2,
      "",
      'sloctl: Cannot run "sloctl group upp": sloctl group has no such command\n  hint: Use "sloctl group up" if that is what you meant, or see "sloctl group --help"\n',
    ],
    ["group up", 0, "", ""],
    ["group child", 7, "", ""],
    ["--version", 0, "sloctl 0.1.0\n", ""],
    ["unsupported", 3, "", 'sloctl: Cannot load "x": no BTF\n  hint: Use a newer kernel\n'],
    ["io", 4, "", 'sloctl: Cannot read "x": gone\n'],
    ["interrupted", 130, "", ""],
    ["piped", 0, "", ""],
    [
      "help nosuch",
      2,
      "",
      'sloctl: Cannot run "sloctl nosuch": sloctl has no such command\n  hint: See "sloctl --help"\n',
    ],
  ];
  for (const [line, code, stdout, stderr] of table) {
    assertEquals(await run(...line.split(" ")), { code, stdout, stderr }, line);
  }
});

Deno.test("a bug shows its stack and ends with 70", async () => {
  for (const [name, what] of [["bug", "TypeError: undefined is not a thing"], ["odd", "a string"]] as const) {
    const { code, stdout, stderr } = await run(name);
    assertEquals([code, stdout], [70, ""]);
    assertStringIncludes(stderr, what);
    assertStringIncludes(stderr, "sloctl: this is a bug\n");
  }
});

Deno.test("no arguments: help on stderr, exit 2", async () => {
  const { code, stdout, stderr } = await run();
  assertEquals([code, stdout], [2, ""]);
  assertStringIncludes(stderr, "Usage:\n  sloctl <command> [flags]\n");
});

Deno.test("help is data on stdout, however it is asked for", async () => {
  const group = await run("group", "--help");
  assertEquals(group.code, 0);
  assertMatch(group.stdout, /^ {2}up {4}starts\n {2}down {2}stops$/m);
  assertEquals(group.stdout.includes("inner"), false);
  assertEquals(await run("help", "group"), group);
  assertEquals(await run("group", "-h"), group);
  assertEquals(await run("help", "group", "up"), await run("group", "up", "--help"));
  assertEquals(await run("help"), await run("--help"));
  assertEquals(await run("echo", "--nonsense", "--help"), await run("echo", "--help"));
});

Deno.test("every real command has help that names each of its flags", async () => {
  const pages = COMMANDS.flatMap((command) => [
    { words: [command.name], command },
    ...(command.subcommands ?? []).map((sub) => ({ words: [command.name, sub.name], command: sub })),
  ]);
  for (const { words, command } of pages) {
    const io = fakeIo({ columns: 80 });
    assertEquals(await main([...words, "--help"], io), 0, words.join(" "));
    for (const flag of command.flags) assertStringIncludes(io.stdout, `--${flag.name}`);
    for (const line of io.stdout.split("\n")) {
      assertEquals(line.length <= 80 || line.startsWith("  "), true, `too wide: ${line}`);
    }
  }
});
