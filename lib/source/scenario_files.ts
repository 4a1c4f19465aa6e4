/** Scenarios by name, from scenarios/, or by path. */
import { parseScenario } from "../config/scenario.ts";
import { IoError, UsageError } from "../model/errors.ts";
import type { Scenario } from "../model/scenario.ts";

const FOLDER = new URL("../../scenarios/", import.meta.url);

/** Names of the scenarios that come with the program, sorted. */
export function scenarioNames(): string[] {
  return [...Deno.readDirSync(FOLDER)].flatMap(({ name }) => name.endsWith(".yaml") ? [name.slice(0, -5)] : []).sort();
}

/**
 * @param which a name such as `dns_latency`, or the path of a file (it then holds a slash, or ends in .yaml or .yml)
 * @throws UsageError for an unknown name or a malformed file; IoError for one that cannot be read
 */
export function loadScenario(which: string): Scenario {
  const isPath = which.includes("/") || /\.ya?ml$/.test(which);
  if (!isPath && !scenarioNames().includes(which)) {
    throw new UsageError(
      `Cannot find scenario "${which}": there is none of that name`,
      `Use one of: ${scenarioNames().join(", ")}; or give the path of a file`,
    );
  }
  let text: string;
  try {
    text = Deno.readTextFileSync(isPath ? which : new URL(`${which}.yaml`, FOLDER));
  } catch (error) {
    throw new IoError(
      `Cannot read "${which}": ${(error as Error).message.replace(/^.*?: (readfile|open).*/, "it cannot be opened")}`,
    );
  }
  return parseScenario(text, which);
}
