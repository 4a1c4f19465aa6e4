/** The table of rights as Markdown. Pure. */
import { PROBES } from "../../lib/kernel/probes.ts";
import { markdownTable } from "../../lib/report/markdown.ts";
import { CAPABILITIES, type Had, needed, type RightsReport } from "./measure.ts";

const WORDS: Readonly<Record<Had, string>> = { whole: "-", part: "in part without", no: "needed" };
const ALONE: Readonly<Record<Had, string>> = { whole: "whole", part: "in part", no: "no" };

/** One row a probe: what each capability is to it, and that those alone suffice. */
export function renderRights({ without, withNeeded, sysAdmin, sysAdminAndNet, costTold }: RightsReport): string {
  const columns = [
    "probe",
    ...CAPABILITIES.map((name) => `\`${name}\``),
    "with those alone",
    "with `SYS_ADMIN` alone",
    "with `SYS_ADMIN` and `NET_ADMIN`",
  ];
  const rows = PROBES.map(({ probe }) => [
    `\`${probe}\``,
    ...CAPABILITIES.map((name) => WORDS[without[probe]![name]]),
    `${ALONE[withNeeded[probe]!]} (${needed(without, probe).join(", ")})`,
    ALONE[sysAdmin[probe]!],
    ALONE[sysAdminAndNet[probe]!],
  ]);
  const told = (yes: boolean) => yes ? "told" : "not told";
  return [
    markdownTable(columns.map((title) => ({ title })), rows).trimEnd(),
    `What the probes cost in the kernel: ${told(costTold.without)} without \`SYS_ADMIN\`, ${
      told(costTold.withSysAdmin)
    } with it.`,
  ].join("\n\n") + "\n";
}
