import { assertEquals } from "@std/assert";
import { testUnless } from "../testing/unless.ts";
import { until } from "../testing/until.ts";
import { endsWithUs } from "./ends_with_us.ts";

const missing = endsWithUs(["a"]).length === 1 ? "there is no setpriv (util-linux)" : null;

testUnless(missing, "a child ends with its parent, also where that one is killed outright", async () => {
  const parent = new Deno.Command(Deno.execPath(), {
    args: [
      "eval",
      `import { endsWithUs } from ${JSON.stringify(new URL("./ends_with_us.ts", import.meta.url).href)};
       const [program, ...args] = endsWithUs(["sleep", "300"]);
       console.log(new Deno.Command(program, { args }).spawn().pid);
       setInterval(() => {}, 1000);`,
    ],
    stdout: "piped",
  }).spawn();
  const reader = parent.stdout.getReader();
  const pid = new TextDecoder().decode((await reader.read()).value).trim();
  const command = () => Deno.readTextFileSync(`/proc/${pid}/cmdline`).split("\0")[0];
  await until(() => command() === "sleep", "the child runs under the pid we were told");
  parent.kill("SIGKILL");
  await parent.status;
  await reader.cancel();
  const gone = () => {
    try {
      return / Z /.test(Deno.readTextFileSync(`/proc/${pid}/stat`));
    } catch {
      return true;
    }
  };
  await until(gone, "the child is gone");
  assertEquals(gone(), true);
});
