/** Which burn rates an SLO is watched with: the table, the table scaled to the period, or what the file says. Pure. */
import { alertName, alertProblem, burnAlerts } from "./burn_alerts.ts";
import { durationSeconds, durationText } from "./duration.ts";
import { decimal } from "./literal.ts";
import type { BurnAlert, Decimal, Slo } from "./slo.ts";
import type { AlertEntry, Refuse, SloEntry } from "./slo_file.ts";

export function readAlerts(
  entry: SloEntry,
  objective: Decimal,
  periodS: number,
  refuse: Refuse,
): Pick<Slo, "alerts" | "windows"> {
  if (entry.alerts !== undefined) {
    if (entry.windows !== undefined) throw refuse(["windows"], "stands beside alerts", "Keep one of the two");
    return { windows: "own", alerts: own(entry.alerts, objective, periodS, refuse) };
  }
  // Where the table does not fit the period, its windows are scaled: a factor below 1 would fire inside the budget.
  const candidates = entry.windows === undefined ? ["fixed", "scaled"] as const : [entry.windows];
  const tried = candidates.map((windows) => {
    const alerts = burnAlerts(windows, periodS);
    const problem = alerts.map((alert) => alertProblem(alert, objective, periodS)).find((found) => found !== null);
    return { windows, alerts, problem };
  });
  const fits = tried.find(({ problem }) => problem === undefined);
  if (fits !== undefined) return { windows: fits.windows, alerts: fits.alerts };
  if (tried.at(-1)!.alerts.some(({ shortS }) => shortS < 60)) {
    const state = `is ${durationText(periodS)}, too short for the usual windows, and for these scaled to it`;
    throw refuse(["period"], state, "Lengthen it to 3d or more, or write alerts with windows of your own");
  }
  const { state, hint } = tried.at(-1)!.problem!;
  throw refuse(
    entry.windows === undefined ? ["objective"] : ["windows"],
    `with a period of ${durationText(periodS)} ${state}`,
    hint,
  );
}

function own(entries: readonly AlertEntry[], objective: Decimal, periodS: number, refuse: Refuse): BurnAlert[] {
  const seen = new Set<string>();
  return entries.map((entry, i) => {
    const factor = decimal(entry.factor);
    if (factor === null || factor.n <= 0n) {
      throw refuse(["alerts", i, "factor"], `is "${entry.factor}", which is no positive decimal`, 'Write it as "14.4"');
    }
    const alert: BurnAlert = {
      level: entry.severity,
      longS: durationSeconds(entry.long)!,
      shortS: durationSeconds(entry.short)!,
      forS: entry.for === undefined ? 0 : durationSeconds(entry.for)!,
      factor,
    };
    const problem = alertProblem(alert, objective, periodS, entry.inside_budget);
    if (problem !== null) throw refuse(["alerts", i], problem.state, problem.hint);
    if (seen.has(alertName(alert))) throw refuse(["alerts", i], `is ${alertName(alert)} again`, "Leave it out");
    seen.add(alertName(alert));
    const first = entries.findIndex(({ severity }) => severity === entry.severity);
    if (entries[first]!.for !== entry.for) {
      const state = `holds for another time than alerts.${first}, which is of the same severity`;
      throw refuse(["alerts", i], state, "Give all alerts of a severity one for");
    }
    return alert;
  });
}
