import { assertEquals } from "@std/assert";
import type { Command } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import { EVERYTHING } from "./restrict.ts";

const url = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);

/** Runs a program with every permission in a process of its own, and yields the JSON it prints. */
async function run(program: string): Promise<unknown> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-check", program],
    stdin: "null",
    env: { NO_COLOR: "1" },
  });
  const { code, stdout, stderr } = await child.output();
  const text = new TextDecoder();
  assertEquals([code, text.decode(stderr)], [0, ""]);
  return JSON.parse(text.decode(stdout));
}

/** One forbidden act a kind. */
const ACTS = `{
  read: () => Deno.readTextFileSync("/etc/hostname"),
  write: () => Deno.makeTempFileSync(),
  net: () => Deno.listen({ hostname: "127.0.0.1", port: 0 }).close(),
  run: () => new Deno.Command("true").outputSync(),
  ffi: () => Deno.dlopen("libc.so.6", {}),
  env: () => Deno.env.get("HOME"),
  sys: () => Deno.osRelease(),
}`;

Deno.test("what a command did not declare is refused from its first line on", async () => {
  for (const needed of [["read"], ["net", "env"], [], ["sys", "run"]] as const) {
    const result = await run(`
      import { main } from ${url("./main.ts")};
      import { processHost } from ${url("./host.ts")};
      import { processIo } from ${url("./io.ts")};
      const acts = ${ACTS};
      const tried = {};
      const run = () => {
        for (const [kind, act] of Object.entries(acts)) {
          try { act(); tried[kind] = "done"; } catch (error) { tried[kind] = error.name; }
        }
        return Promise.resolve(0);
      };
      const command = { name: "try", summary: "", examples: [], flags: [], permissions: ${
      JSON.stringify(needed)
    }, run };
      const io = processIo(() => { throw 0; });
      await main(["try"], io, [command], processHost(io));
      console.log(JSON.stringify(tried));`);
    const expected = Object.fromEntries(
      EVERYTHING.map((kind) => [kind, (needed as readonly string[]).includes(kind) ? "done" : "NotCapable"]),
    );
    assertEquals(result, expected, `declared: ${needed.join(", ")}`);
  }
});

Deno.test("a real command: schema validate neither writes, connects, runs nor calls into a library", async () => {
  const states = await run(`
    import { restrict } from ${url("./restrict.ts")};
    import { command } from ${url("./schema.ts")};
    restrict(command.subcommands.find(({ name }) => name === "validate").permissions);
    const kinds = ${JSON.stringify(EVERYTHING)};
    console.log(JSON.stringify(kinds.filter((name) => Deno.permissions.querySync({ name }).state === "granted")));`);
  assertEquals(states, ["read", "env"]);
});

function* running(commands: readonly Command[], path = ""): Generator<[string, Command]> {
  for (const command of commands) {
    const name = `${path} ${command.name}`.trim();
    if (command.run !== undefined) yield [name, command];
    yield* running(command.subcommands ?? [], name);
  }
}

Deno.test("every command that runs declares what it needs", () => {
  const silent = [...running(COMMANDS)].filter(([, { permissions }]) => permissions === undefined);
  assertEquals(silent.map(([name]) => name), []);
});

Deno.test("ffi is kept only where libbpf or the kernel's clock is needed", () => {
  const keeps = [...running(COMMANDS)].filter(([, { permissions = [] }]) => permissions.includes("ffi"));
  // The agent and what drives it; the lab reads /proc; the load stamps with the kernel's clock; versions name libbpf.
  const allowed = [
    ...[
      "agent",
      "demo",
      "demo load",
      "demo blind-inject",
      "lab up",
      "lab down",
      "lab status",
      "faultinject",
      "loadgen",
      "benchgen",
    ],
    ...["prereq check", "support-bundle", "version"],
  ];
  assertEquals(keeps.map(([name]) => name).filter((name) => !allowed.includes(name)), []);
});
