/** Rows that a person reads as one: one resolver and several names; one program started over and over. */
import { mergeRows, type Row } from "./row.ts";

/** More processes than this that differ only in their pid become one row. */
const ALIKE = 3;

function end(at: { readonly ip: string; readonly port: number } | null | undefined): string {
  return at ? `${at.ip}:${at.port}` : "";
}

function groups(rows: readonly Row[], key: (row: Row) => string): [Row, ...Row[]][] {
  const map = new Map<string, [Row, ...Row[]]>();
  for (const row of rows) {
    const group = map.get(key(row));
    if (group === undefined) map.set(key(row), [row]);
    else group.push(row);
  }
  return [...map.values()];
}

/** The DNS rows of one process, kind and resolver become one, its names counted. A lone row keeps its name; others pass. */
export function joinNames(rows: readonly Row[]): Row[] {
  const isDns = (row: Row) => row.key.kind === "dns_latency_ms" || row.key.kind === "dns_errors_total";
  const joined = groups(rows.filter(isDns), (row) => `${row.who.process}|${row.key.kind}|${end(row.key.peer)}`)
    .map((group) => group.length === 1 ? group[0] : mergeRows(group));
  return [...rows.filter((row) => !isDns(row)), ...joined];
}

/**
 * More than three processes of one name and cgroup with the same kind and peer become one row, led by the worst of them. A process
 * that ended before its cgroup was read joins the others of its kind where these are all of one cgroup.
 */
export function joinAlike(rows: readonly Row[]): Row[] {
  const place = ({ who, key }: Row) =>
    [who.comm, key.kind, key.role, end(key.peer), end(key.local), key.what].join("|");
  const cgroups = new Map<string, Set<string>>();
  for (const row of rows) {
    if (row.who.cgroup === "") continue;
    const known = cgroups.get(place(row)) ?? new Set();
    cgroups.set(place(row), known.add(row.who.cgroup));
  }
  const cgroup = (row: Row) => {
    const known = cgroups.get(place(row));
    return row.who.cgroup === "" && known?.size === 1 ? [...known][0] : row.who.cgroup;
  };
  return groups(rows, (row) => `${place(row)}|${cgroup(row)}`).flatMap((group) => {
    if (new Set(group.map((row) => row.who.process)).size <= ALIKE) return group;
    group.sort((a, b) => b.series.sum - a.series.sum);
    return [mergeRows(group)];
  });
}
