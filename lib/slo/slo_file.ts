/** Text of an SLO file -> objectives, every complaint with its line, its column and its field. Pure. */
import { readYaml, type YamlFile } from "../config/yaml.ts";
import { readAlerts } from "./slo_file_alerts.ts";
import { readSli } from "./slo_file_sli.ts";
import { durationSeconds } from "./duration.ts";
import { checkLabels } from "./labels.ts";
import { compare, decimal, integer } from "./literal.ts";
import { problems } from "./feasibility.ts";
import { BUDGETINGS, type CalendarUnit, type Decimal, type Period, type Slice, type Slo, type SloFile } from "./slo.ts";

/** As the schema slo/v1 has it. */
export interface SloDocument {
  readonly service: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly slos: readonly SloEntry[];
}

export interface SloEntry {
  readonly name: string;
  readonly description?: string;
  readonly sli: string | SliEntry;
  readonly objective: string | number;
  readonly period?: string | { readonly calendar: CalendarUnit; readonly time_zone?: string };
  readonly budgeting?: string;
  readonly slice?: { readonly length?: string; readonly target?: string | number };
  readonly owner?: string;
  readonly runbook?: string;
  readonly severity?: string | { readonly page?: string; readonly ticket?: string };
  readonly windows?: "fixed" | "scaled";
  readonly alerts?: readonly AlertEntry[];
  readonly event_floor?: number;
  readonly traffic?: string;
  readonly stages?: Readonly<Record<string, string>>;
}

export interface SliEntry {
  readonly predicate?: string;
  readonly metric?: string;
  readonly bounds?: readonly (string | number)[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly good?: string;
  readonly total?: string;
  readonly parts?: readonly { readonly slo: string; readonly weight: string | number }[];
}

export interface AlertEntry {
  readonly severity: "page" | "ticket";
  readonly long: string;
  readonly short: string;
  readonly factor: string | number;
  readonly for?: string;
  readonly inside_budget?: boolean;
}

/** Complains about a field of one SLO. */
export type Refuse = (field: readonly (string | number)[], state: string, hint: string) => Error;

const DAY_S = 86_400;
/** Nominal lengths, which burn factors are counted with. */
const CALENDAR_S: Readonly<Record<CalendarUnit, number>> = {
  week: 7 * DAY_S,
  month: 30 * DAY_S,
  quarter: 90 * DAY_S,
  year: 365 * DAY_S,
};

/**
 * @param change what is asked instead of what the file says: for "what if"
 * @throws UsageError naming line, column and field of the first thing that is wrong, and what to write instead
 */
export function parseSloFile(text: string, name: string, change: (slo: SloEntry) => SloEntry = (slo) => slo): SloFile {
  const file = readYaml(text, name, "slo/v1");
  const document = file.value as SloDocument;
  checkLabels(document.labels ?? {}, (label, state, hint) => file.refuse(["labels", label], state, hint));
  const slos = document.slos.map((entry, i) => readSlo(document.service, change(entry), refuseIn(file, i)));
  const refuse: SloFile["refuse"] = (slo, field, state, hint) => file.refuse(["slos", slo, ...field], state, hint);
  slos.forEach((slo, i) => {
    const twin = slos.findIndex(({ name }) => name === slo.name);
    if (twin < i) throw refuse(i, ["name"], `is "${slo.name}" again`, "Give every SLO a name of its own");
    const [problem] = problems(slo, slos);
    if (problem !== undefined) throw refuse(i, problem.field, problem.state, problem.hint);
  });
  return { service: document.service, labels: document.labels ?? {}, slos, refuse };
}

function refuseIn(file: YamlFile, i: number): Refuse {
  return (field, state, hint) => file.refuse(["slos", i, ...field], state, hint);
}

function readSlo(service: string, entry: SloEntry, refuse: Refuse): Slo {
  const objective = readObjective(entry.objective, "objective", refuse);
  const period = readPeriod(entry.period ?? "30d", refuse);
  const budgeting = BUDGETINGS.find((name) => name.toLowerCase() === (entry.budgeting ?? "occurrences").toLowerCase())!;
  const slo = {
    service,
    name: entry.name,
    description: entry.description ?? "",
    sli: readSli(entry.sli, refuse),
    objective,
    period,
    budgeting,
    slice: readSlice(entry.slice, budgeting, refuse),
    owner: entry.owner ?? "",
    runbook: entry.runbook ?? "",
    severity: readSeverity(entry.severity),
    eventFloor: entry.event_floor ?? null,
    trafficPerDay: entry.traffic === undefined ? null : perDay(entry.traffic),
    stages: readStages(entry.stages ?? {}, refuse),
  };
  return { ...slo, ...readAlerts(entry, objective, period.seconds, refuse) };
}

/** A share in (0, 1) that leaves a budget. */
export function readObjective(value: string | number, field: string, refuse: Refuse): Decimal {
  const found = decimal(value);
  if (found === null) {
    const percent = typeof value === "string" && value.trim().endsWith("%");
    throw refuse(
      [field],
      `is "${value}", which is no decimal`,
      `Write ${percent ? "0.999 for 99.9 %" : 'it as "0.999"'}`,
    );
  }
  if (compare(found, integer(1)) === 0) {
    throw refuse([field], "is 1: nothing may ever fail, and there is no error budget", "Promise less, such as 0.999");
  }
  if (found.n <= 0n || compare(found, integer(1)) > 0) {
    throw refuse([field], `is ${found.text}, which does not lie between 0 and 1`, "Write 0.999 for 99.9 %");
  }
  return found;
}

export function readPeriod(value: NonNullable<SloEntry["period"]>, refuse: Refuse): Period {
  if (typeof value === "string") return { kind: "rolling", seconds: durationSeconds(value)! };
  const timeZone = value.time_zone ?? "UTC";
  try {
    new Intl.DateTimeFormat("en", { timeZone });
  } catch {
    throw refuse(["period", "time_zone"], `is "${timeZone}", which is no time zone`, "Write one such as Europe/Berlin");
  }
  return { kind: "calendar", unit: value.calendar, timeZone, seconds: CALENDAR_S[value.calendar] };
}

function readSlice(entry: SloEntry["slice"], budgeting: Slo["budgeting"], refuse: Refuse): Slice | null {
  if (budgeting === "Occurrences") {
    if (entry === undefined) return null;
    throw refuse(["slice"], "is of no use with budgeting Occurrences", "Leave it out, or write budgeting: Timeslices");
  }
  if (budgeting === "Timeslices" && entry?.target === undefined) {
    throw refuse(["slice"], "has no target", 'Say from which share of good events on a slice is good: target: "0.95"');
  }
  const target = decimal(entry?.target ?? 1);
  if (target === null || target.n <= 0n || compare(target, integer(1)) > 0) {
    throw refuse(["slice", "target"], `is ${entry?.target}, which does not lie between 0 and 1`, "Write it as 0.95");
  }
  return { seconds: durationSeconds(entry?.length ?? "1m")!, target };
}

/** A plain word goes to who is woken; `ticket` says that nobody is. */
function readSeverity(entry: SloEntry["severity"]): Slo["severity"] {
  if (entry === "ticket") return { page: "ticket", ticket: "ticket" };
  if (typeof entry === "string") return { page: entry, ticket: "ticket" };
  return { page: entry?.page ?? "page", ticket: entry?.ticket ?? "ticket" };
}

function perDay(traffic: string): Decimal {
  const [amount, unit] = traffic.split("/") as [string, string];
  const { n, d } = decimal(amount)!;
  const perUnit = { s: DAY_S, m: 1_440, h: 24, d: 1 }[unit]!;
  return { n: n * BigInt(perUnit), d, text: traffic };
}

function readStages(entry: Readonly<Record<string, string>>, refuse: Refuse): Slo["stages"] {
  return Object.fromEntries(
    Object.entries(entry).map(([stage, text]) => {
      const [, amount, unit] = /^(\d*\.?\d+)\s*(ms|s)$/.exec(text.trim()) ?? [];
      if (amount === undefined) throw refuse(["stages", stage], `is "${text}", which is no time`, "Write it as 300ms");
      return [stage, Number(amount) * (unit === "s" ? 1000 : 1)];
    }),
  );
}
