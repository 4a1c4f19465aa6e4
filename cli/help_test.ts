import { assertEquals } from "@std/assert";
import type { Command } from "./command.ts";
import { helpText } from "./help.ts";

const command: Command = {
  name: "watch",
  summary: "watches a thing",
  description: "One paragraph that is long enough to be wrapped somewhere.\n\nAnother.",
  examples: [{ command: "sloctl watch --for 20s a", text: "twenty seconds" }],
  flags: [
    { name: "for", type: "duration", help: "how long", default: "10s" },
    { name: "mode", type: "string", help: "which way", values: ["fast", "slow"] },
    { name: "out", type: "string", help: "where to", placeholder: "FILE" },
    { name: "json", type: "boolean", help: "for scripts", default: false },
    { name: "node", type: "string", help: "", pending: true },
    { name: "pod", type: "string", help: "", pending: true },
  ],
  positionals: { name: "TARGET", help: "what to watch", min: 0, max: 4 },
  run: () => Promise.resolve(0),
};

Deno.test("help of a command, laid out for 50 columns", () => {
  assertEquals(
    helpText({ command, name: "sloctl watch" }, 50),
    `Watches a thing

Usage:
  sloctl watch [TARGET...] [flags]

One paragraph that is long enough to be wrapped
somewhere.

Another.

Arguments:
  TARGET  what to watch

Flags:
  --for DURATION    how long (default 10s)
  --mode fast|slow  which way
  --out FILE        where to
  --json            for scripts
  -h, --help        show this

Accepted for older scripts, without effect yet:
  --node --pod

Examples:
  sloctl watch --for 20s a
      twenty seconds
`,
  );
});

Deno.test("a duration's default given in milliseconds is shown with its unit", () => {
  const flag = { name: "for", type: "duration", help: "how long", default: 20_000 } as const;
  const text = helpText({ command: { ...command, flags: [flag] }, name: "sloctl watch" }, 80);
  assertEquals(text.includes("(default 20s)"), true, text);
});
