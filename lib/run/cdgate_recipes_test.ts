/** The recipes in deploy/recipes: what they would run is run here, with another address. */
import { assert, assertEquals } from "@std/assert";
import { parseAllDocuments } from "yaml";
import { main } from "../../cli/main.ts";
import { fakeIo } from "../testing/fake_io.ts";
import { prometheusWith, rising } from "../testing/prometheus.ts";
import { missingTool, testUnless } from "../testing/unless.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

// deno-lint-ignore no-explicit-any
function documents(name: string): any[] {
  return parseAllDocuments(Deno.readTextFileSync(`${ROOT}deploy/recipes/${name}`)).map((one) => {
    assertEquals(one.errors, [], name);
    return one.toJS();
  });
}

testUnless(
  await missingTool("prometheus", "Debian: apt-get install prometheus"),
  "recipes: their commands, against a real Prometheus",
  async () => {
    await using prometheus = await prometheusWith([
      rising('llm_slo_ttft_ms_bucket{le="800"}', 20_000),
      rising('llm_slo_ttft_ms_bucket{le="+Inf"}', 20_000),
      rising('llm_slo_requests_total{status="ok"}', 20_000),
    ]);
    for (const name of ["argocd.yaml", "flux.yaml"]) {
      const job = documents(name).find(({ kind }) => kind === "Job");
      const [{ command, args }] = job.spec.template.spec.containers;
      assertEquals([command, job.spec.backoffLimit], [["sloctl"], 0], name);
      const argv = (args as string[]).map((arg) =>
        arg.replace(/^--prometheus-url=.*/, `--prometheus-url=${prometheus.url}`)
      );
      assert(argv.includes(`--prometheus-url=${prometheus.url}`), name);
      const io = fakeIo();
      assertEquals([await main(argv, io), JSON.parse(io.stdout).verdict], [0, "pass"], io.stderr);
    }
    const [workflow] = documents("github-actions.yaml");
    const steps: { name?: string; run?: string }[] = workflow.jobs.gate.steps;
    const { run } = steps.find(({ name }) => name === "gate")!;
    const temp = await Deno.makeTempDir();
    const step = async (url: string) => {
      const env = {
        PROMETHEUS_URL: url,
        PROMETHEUS_TOKEN: "t",
        RUNNER_TEMP: temp,
        SLOCTL_DENO: Deno.execPath(),
        GITHUB_STEP_SUMMARY: `${temp}/summary`,
      };
      const argv = ["--noprofile", "--norc", "-eo", "pipefail", "-c", run!];
      return (await new Deno.Command("bash", { args: argv, cwd: ROOT, env, stdout: "null", stderr: "null" }).output())
        .code;
    };
    assertEquals(await step(prometheus.url), 0);
    assert((await Deno.readTextFile(`${temp}/summary`)).startsWith("pass"));
    assertEquals(await step("http://127.0.0.1:1"), 4);
    await Deno.remove(temp, { recursive: true });
  },
);
