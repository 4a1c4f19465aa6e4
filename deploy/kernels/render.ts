/** The compatibility page's tables. Pure. */
import { PROBES } from "../../lib/kernel/probes.ts";
import { markdownTable } from "../../lib/report/markdown.ts";
import { difference } from "../accuracy/measure.ts";
import type { GuestReport } from "./run.ts";
import { holdsEmulated } from "./verdict.ts";

const number = (value: number) => Number.isFinite(value) ? String(Math.round(value * 1000) / 1000) : "-";

/** The hook of a program that stands for connects, and of one for reads. */
function route(programs: readonly string[]): [string, string] {
  const hooks: Readonly<Record<string, string>> = {
    on_inet_stream_connect: "`fexit/inet_stream_connect`",
    on_connect_return: "`sys_exit_connect`",
    on_connect_exit: "`sys_exit`",
    on_sock_recv_length: "`sock_recv_length`",
    on_tcp_recvmsg: "`fexit/tcp_recvmsg`",
    on_tcp_recvmsg_nonblock: "`fexit/tcp_recvmsg`",
  };
  const of = (pattern: RegExp) => hooks[programs.find((name) => pattern.test(name)) ?? ""] ?? "none";
  return [of(/connect/), of(/recv/)];
}

/** One row a probe, one column a kernel; what a kernel loses; and how far the measurements were apart. */
export function renderKernels(reports: readonly GuestReport[]): string {
  const kernels = reports.map(({ kernel, attached }) => `${kernel} (${attached?.release ?? "did not boot"})`);
  const probes = PROBES.map(({ probe }) => [
    `\`${probe}\``,
    ...reports.map(({ attached }) => attached?.attached.includes(probe) ? "yes" : "no"),
  ]);
  const routes = reports.map(({ kernel, attached }) => [kernel, ...route(attached?.routes ?? [])]);
  const lacking = reports.flatMap(({ kernel, lacking }) =>
    lacking.map(({ under, mode, attached, missing, error }) => [
      kernel,
      under,
      `\`${mode}\``,
      PROBES.map(({ probe }) => probe).filter((probe) => attached.includes(probe)).join(", "),
      error ?? missing.find(({ probe }) => probe === "connect_latency")?.reason ?? "",
    ])
  );
  const losses = reports.flatMap(({ kernel, attached }) =>
    (attached?.missing ?? []).map(({ probe, reason, costs }) => [kernel, `\`${probe}\``, reason, costs])
  );
  const compared = reports.flatMap(({ kernel, measured }) =>
    measured.flatMap(({ under, comparisons }) =>
      comparisons.map((one) => [
        under === "as booted" ? kernel : `${kernel}, ${under}`,
        `\`${one.signal}\``,
        one.what,
        one.oracle,
        String(one.n),
        one.stat,
        ...[one.ours, one.theirs, difference(one)].map(number),
        holdsEmulated(one) ? "agrees" : "APART",
      ])
    )
  );
  const columns = (...titles: string[]) => titles.map((title) => ({ title }));
  const parts = [
    markdownTable(columns("probe attaches", ...kernels), probes),
    losses.length === 0
      ? "Nothing is lost on any of them."
      : `What a kernel loses:\n\n${markdownTable(columns("Linux", "what", "why", "not seen without it"), losses)}`,
    "Of two routes to one signal, the one it takes:",
    markdownTable(columns("Linux", "why a connect failed inside the call", "when an application read"), routes),
    "The same guests with `/sys/kernel/btf` hidden, and locked down:",
    markdownTable(columns("Linux", "how", "capability mode", "attaches", "the others"), lacking),
    "Counts and times, measured inside the guests:",
    markdownTable(
      columns("Linux", "signal", "what was done", "oracle", "n", "stat", "ours", "theirs", "difference", "verdict"),
      compared,
    ),
  ];
  const not = reports.flatMap(({ kernel, unmeasured }) =>
    unmeasured.map(({ under, name, reason }) => `- ${kernel} ${under}, ${name}: ${reason}`)
  );
  if (not.length > 0) parts.push("Not measured:", not.join("\n"));
  const again = reports.filter(({ boots }) => boots > 1)
    .map(({ kernel, boots }) => `- ${kernel} came to its end at boot ${boots}: the emulator brought it down before`);
  if (again.length > 0) parts.push(again.join("\n"));
  const broken = reports.filter(({ broken }) => broken !== null).map(({ kernel }) =>
    `- ${kernel} did not come to its end`
  );
  if (broken.length > 0) parts.push(broken.join("\n"));
  return parts.map((part) => part.trimEnd()).join("\n\n") + "\n";
}
