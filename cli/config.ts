/** --config and --print-config, for every command that follows toolkit.yaml. */
import type { LoadedConfig, ToolkitConfig, Value } from "../lib/config/mod.ts";
import type { Io } from "../lib/model/io.ts";
import type { Command, Flag, Input } from "./command.ts";

export const CONFIG_FLAGS: readonly Flag[] = [
  {
    name: "config",
    type: "string",
    placeholder: "FILE",
    help: "toolkit.yaml; - is standard input; default: the file that SLOCTL_CONFIG names, or none",
  },
  { name: "print-config", type: "boolean", help: "print every setting and where its value came from, and end" },
];

/**
 * The configuration a command runs with: its own flags before SLOCTL_... variables before the file before the defaults. Null
 * when the caller only asked to see it, and has. `command` has CONFIG_FLAGS among its flags.
 *
 * @throws UsageError for bad configuration; IoError when the file cannot be read.
 */
export async function toolkitConfig(command: Command, input: Input, io: Io): Promise<ToolkitConfig | null> {
  const { configJson, configTable, loadConfig } = await import("../lib/config/mod.ts");
  const loaded: LoadedConfig = await loadConfig({
    path: input.string("config"),
    stdin: io.stdin,
    env: io.env,
    flag: (name) => typed(command, input, name),
  });
  if (!input.boolean("print-config")) return loaded.config;
  const json = command.flags.some((flag) => flag.name === "json") && input.boolean("json");
  io.out(
    json
      ? `${JSON.stringify(configJson(loaded.settings), null, 2)}\n`
      : configTable(loaded.settings, { color: io.color, width: io.columns }),
  );
  return null;
}

/** The value of a flag the caller typed. */
function typed(command: Command, input: Input, name: string): Value | undefined {
  const flag = command.flags.find((flag) => flag.name === name);
  if (flag === undefined || !input.given(name)) return undefined;
  switch (flag.type) {
    case "string":
      return input.string(name);
    case "boolean":
      return input.boolean(name);
    case "list":
      return input.list(name);
    default:
      return input.number(name);
  }
}
