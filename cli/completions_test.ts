import { missingTool, testUnless } from "../lib/testing/unless.ts";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { bashCompletion } from "./completion_bash.ts";
import { fishCompletion } from "./completion_fish.ts";
import { completionEntries, type CompletionEntry } from "./completion.ts";
import { zshCompletion } from "./completion_zsh.ts";
import { COMMANDS } from "./commands.ts";
import { program } from "./program.ts";

const ENTRIES = completionEntries(program(COMMANDS));

/** What a person typed, the cursor at the end, and some of what must be offered; nothing else may be where `only` is set. */
const TYPED: readonly { readonly line: string; readonly offers: readonly string[]; readonly only?: true }[] = [
  { line: "sloctl ag", offers: ["agent"], only: true },
  { line: "sloctl ", offers: COMMANDS.filter((command) => !command.hidden).map((command) => command.name), only: true },
  { line: "sloctl --v", offers: ["--version"], only: true },
  { line: "sloctl lab ", offers: ["up", "down", "status"], only: true },
  { line: "sloctl lab up --provider-p", offers: ["--provider-port"], only: true },
  { line: "sloctl agent --event-k", offers: ["--event-kind"], only: true },
  { line: "sloctl agent --event-kind ", offers: ["slo", "probe", "both"], only: true },
  { line: "sloctl agent --json --event-kind pr", offers: ["probe"], only: true },
  // The value of a flag is not taken for a command.
  { line: "sloctl lab up --otlp-endpoint status --det", offers: ["--detach"], only: true },
  { line: "sloctl completions z", offers: ["zsh"], only: true },
  { line: "sloctl completions --help", offers: ["--help"], only: true },
];

async function run(shell: string, script: string): Promise<string> {
  const child = new Deno.Command(shell, {
    args: shell === "bash" ? ["--norc", "--noprofile", "-c", script] : ["-c", script],
    stdin: "null",
    stderr: "null",
  });
  return new TextDecoder().decode((await child.output()).stdout);
}

/** Every line asked at once: a separator, then what is offered for it, one a line. */
function check(output: string) {
  const answers = output.split("@@\n").slice(1).map((part) => part.split("\n").filter((line) => line !== ""));
  assertEquals(answers.length, TYPED.length, output);
  TYPED.forEach(({ line, offers, only }, i) => {
    const offered = answers[i]!.map((row) => row.split("\t")[0]!.trim());
    if (only) assertEquals(offered.toSorted(), offers.toSorted(), line);
    for (const word of offers) assertStringIncludes(offered.join(" "), word, line);
  });
}

testUnless(await missingTool("bash", "apt-get install bash"), "bash completes commands, flags and values", async () => {
  const asks = TYPED.map(({ line }) => {
    const words = line.split(" ");
    return `COMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${words.length - 1}
        COMPREPLY=(); _sloctl; echo @@; printf '%s\\n' "\${COMPREPLY[@]}"`;
  });
  check(await run("bash", `${bashCompletion(ENTRIES)}\n${asks.join("\n")}`));
});

testUnless(
  await missingTool("bash", "apt-get install bash"),
  "bash completes what follows =, the items of a list, files and directories",
  async () => {
    const entries: CompletionEntry[] = [{
      path: "sloctl",
      subcommands: [],
      positional: { kind: "file" },
      flags: [
        { name: "kind", help: "", value: { kind: "values", values: ["one", "two"], list: true } },
        { name: "out", help: "", value: { kind: "directory" } },
      ],
    }];
    const table: [string[], string[]][] = [
      [["--kind", "=", "o"], ["one"]],
      [["--kind", "="], ["one", "two"]],
      [["--kind", "one,t"], ["one,two"]],
      [["--out", "/usr/loca"], ["/usr/local"]],
      [["/etc/hostnam"], ["/etc/hostname"]],
    ];
    for (const [words, offers] of table) {
      const line = ["sloctl", ...words].map((word) => `'${word}'`).join(" ");
      const script = `${bashCompletion(entries)}
        COMP_WORDS=(${line}); COMP_CWORD=${words.length}; _sloctl; printf '%s\\n' "\${COMPREPLY[@]}"`;
      assertEquals((await run("bash", script)).trim().split("\n"), offers, words.join(" "));
    }
  },
);

testUnless(await missingTool("fish", "apt-get install fish"), "fish completes the same", async () => {
  const asks = TYPED.map(({ line }) => `echo @@; complete -C '${line}'`);
  check(await run("fish", `${fishCompletion(ENTRIES)}\n${asks.join("\n")}`));
});

testUnless(await missingTool("zsh", "apt-get install zsh"), "zsh completes the same", async () => {
  // compadd is where every offer ends up: it is told to put the matches into an array, and they are printed.
  const asks = TYPED.map(({ line }) => {
    const words = line.split(" ").map((word) => `'${word}'`);
    return `words=(${words.join(" ")}); CURRENT=${words.length}; echo @@; _sloctl`;
  });
  const stand = `
      compdef() { }; compset() { cur=\${cur#*=} }
      offer() { for word in "$@"; do [[ $word == "$cur"* ]] && print -r -- "$word"; done }
      compadd() { shift; offer "$@" }
      _describe() { offer "\${(P)@[-1][@]%%:*}" }`;
  check(await run("zsh", `${stand}\n${zshCompletion(ENTRIES)}\n${asks.join("\n")}`));
});

Deno.test("every visible command and every working flag is offered", () => {
  const paths = new Set(ENTRIES.map(({ path }) => path));
  for (const command of COMMANDS) {
    assertEquals(paths.has(`sloctl ${command.name}`), command.hidden !== true, command.name);
    const entry = ENTRIES.find(({ path }) => path === `sloctl ${command.name}`);
    for (const flag of command.flags) {
      assertEquals(entry!.flags.some(({ name }) => name === flag.name), flag.pending !== true, flag.name);
    }
  }
});
