import { SKIP_MARK } from "../../deploy/test_summary.ts";

type Test = (test: Deno.TestContext) => void | Promise<void>;

/**
 * Registers a test, or, where there is a reason against it, a skipped one: the reason travels in the test's name, so that every
 * reporter shows it; deploy/run_tests.ts prints it as `skipped: <test> — <reason>`.
 */
export function testUnless(reason: string | null, name: string, fn: Test): void {
  if (reason === null) Deno.test(name, fn);
  else Deno.test({ name: name + SKIP_MARK + reason, ignore: true, fn: () => {} });
}

/** Why a tool cannot be used here, or null: it is asked for its version. */
export async function missingTool(tool: string, hint: string): Promise<string | null> {
  try {
    await new Deno.Command(tool, { args: ["--version"], stdout: "null", stderr: "null" }).output();
    return null;
  } catch {
    return `${tool} is not installed (${hint})`;
  }
}
