/**
 * Does the agent grow? deno task soak [--minutes N] [--json]
 *
 * Runs it under load, ten minutes unless told otherwise, and looks at its memory, its descriptors and the entries of its tables in the
 * kernel all along. Exit code 1 when one of them was still growing at the end, 3 where it cannot run.
 */
import { ebpfRefusal } from "../lib/host/ebpf_refusal.ts";
import { toJson } from "../lib/model/json.ts";
import { table } from "../lib/report/table.ts";
import { soak } from "./soak/run.ts";

const write = async (to: typeof Deno.stdout | typeof Deno.stderr, text: string) => {
  await new Blob([text]).stream().pipeTo(to.writable, { preventClose: true });
};

const args = Deno.args.join(" ");
const minutes = Number(/(?:^| )--minutes[ =](\S+)/.exec(args)?.[1] ?? 10);
const refusal = ebpfRefusal();
if (!(minutes > 0 && minutes <= 24 * 60)) {
  await write(Deno.stderr, `Cannot soak for "${args}": it is no number of minutes\n  hint: Give --minutes 10\n`);
  Deno.exitCode = 2;
} else if (refusal !== null) {
  await write(Deno.stderr, `Cannot soak: ${refusal}\n`);
  Deno.exitCode = 3;
} else {
  const start = performance.now();
  let told = 0;
  const result = await soak(minutes * 60, (text) => {
    const seconds = Math.round((performance.now() - start) / 1000);
    if (seconds - told < 30) return;
    told = seconds;
    void write(Deno.stderr, `soak: ${seconds} s: ${text}\n`);
  });
  if (Deno.args.includes("--json")) await write(Deno.stdout, `${toJson(result, 2)}\n`);
  else {
    const rows = result.rows.map(({ what, middle, end }) => [what, middle.toFixed(0), end.toFixed(0)]);
    const columns = [{ title: "" }, { title: "middle", align: "right" }, { title: "end", align: "right" }] as const;
    const verdict = result.grown.length === 0
      ? "nothing grows"
      : `GROWS: ${result.grown.map((g) => g.what).join(", ")}`;
    await write(
      Deno.stdout,
      `${table(columns, rows)}\n${result.events} events in ${result.seconds} s; ${verdict}\n${result.said}\n`,
    );
  }
  if (result.grown.length > 0 || result.code !== 0) Deno.exitCode = 1;
}
