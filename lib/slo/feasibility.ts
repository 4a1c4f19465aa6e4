/** Can this objective be kept, and its alerts fire, at the traffic it is expected to see? Pure. */
import { alertName, eventFloor, leastEvents } from "./burn_alerts.ts";
import { durationText } from "./duration.ts";
import { compare, decimalText, integer, times } from "./literal.ts";
import type { Fraction } from "../stats/decimal.ts";
import { slack, type Slo } from "./slo.ts";

export interface Problem {
  /** Below the SLO in its file. */
  readonly field: readonly (string | number)[];
  readonly state: string;
  readonly hint: string;
}

/** What makes an SLO useless. Windows and factors were judged when they were read. */
export function problems(slo: Slo, all: readonly Slo[]): Problem[] {
  const expected = slo.trafficPerDay === null ? [] : trafficProblems(slo, slo.trafficPerDay);
  return [...sliceProblems(slo), ...partProblems(slo, all), ...expected];
}

function sliceProblems({ slice, alerts }: Slo): Problem[] {
  const shortest = Math.min(...alerts.map(({ shortS }) => shortS));
  if (slice === null || slice.seconds * 2 <= shortest) return [];
  return [{
    field: ["slice"],
    state: `is ${durationText(slice.seconds)} long, too long for a window of ${durationText(shortest)}`,
    hint: `Shorten it to ${durationText(Math.floor(shortest / 2))} or less`,
  }];
}

function partProblems(slo: Slo, all: readonly Slo[]): Problem[] {
  if (slo.sli.kind !== "composite") return [];
  return slo.sli.parts.flatMap((part, i): Problem[] => {
    const field = ["sli", "parts", i, "slo"];
    const found = all.find(({ name }) => name === part.slo);
    if (found === undefined || found === slo) {
      return [{
        field,
        state: `is "${part.slo}", and there is no other SLO of that name`,
        hint: "Name one of this file",
      }];
    }
    if (found.sli.kind === "composite") {
      return [{ field, state: `is "${part.slo}", which is made of parts itself`, hint: "Name its parts" }];
    }
    if (JSON.stringify(found.period) !== JSON.stringify(slo.period)) {
      return [{
        field,
        state: `is "${part.slo}", which has another period`,
        hint: "Give the whole and its parts one period",
      }];
    }
    const same = found.budgeting === slo.budgeting && found.slice?.seconds === slo.slice?.seconds;
    if (same) return [];
    return [{
      field,
      state: `is budgeted by ${found.budgeting}, and the whole by ${slo.budgeting}`,
      hint: "Use one method, and one slice length, for all parts",
    }];
  });
}

/** What `perDay` events a day are too few for. */
export function trafficProblems(slo: Slo, perDay: Fraction): Problem[] {
  const during = (seconds: number): Fraction => times(perDay, { n: BigInt(seconds), d: 86_400n });
  const field = ["traffic"];
  if (slo.slice !== null) {
    const expected = during(slo.slice.seconds);
    if (slo.eventFloor === null || compare(expected, integer(slo.eventFloor)) >= 0) return [];
    return [{
      field,
      state: `is ${about(expected)} events in a slice of ${
        durationText(slo.slice.seconds)
      }, and fewer than ${slo.eventFloor} decide nothing`,
      hint: "Lengthen slice.length, or lower event_floor",
    }];
  }
  const inPeriod = during(slo.period.seconds);
  const found: Problem[] = [];
  if (compare(times(inPeriod, slack(slo.objective)), integer(1)) < 0) {
    found.push({
      field,
      state: `is ${
        about(inPeriod)
      } events in the period, of which ${slo.objective.text} lets less than one fail: one failure breaks the objective`,
      hint: "Lower the objective, or lengthen the period",
    });
  }
  for (const alert of slo.alerts) {
    const floor = eventFloor(alert, slo)!;
    const expected = during(alert.longS);
    if (compare(expected, { n: floor, d: 1n }) >= 0) continue;
    found.push({
      field,
      state: `is ${about(expected)} events in ${durationText(alert.longS)}, and ${
        alertName(alert)
      } needs ${floor}: it can never fire`,
      hint: "Write alerts with longer windows, lower the objective, or write budgeting: Timeslices",
    });
  }
  return found;
}

function about(events: Fraction): string {
  return decimalText({ n: events.n * 10n / events.d, d: 10n });
}

/** What works, and should be known all the same. */
export function remarks(slo: Slo): string[] {
  const found: string[] = [];
  if (slo.windows === "scaled") {
    found.push(`the usual windows do not fit a period of ${durationText(slo.period.seconds)}: they are scaled to it`);
  }
  if (slo.period.kind === "calendar") {
    found.push(
      `burn factors are counted with a ${slo.period.unit} of ${
        durationText(slo.period.seconds)
      }; Prometheus has no calendar windows, ` +
        "so its budget is that of the last period of this length",
    );
  }
  if (slo.slice !== null) {
    found.push(`alerts count slices of ${durationText(slo.slice.seconds)}, and need no event floor`);
  }
  for (const alert of slo.alerts) {
    const least = leastEvents(alert, slo.objective);
    if (slo.slice === null && slo.eventFloor !== null && BigInt(slo.eventFloor) < least) {
      found.push(`event_floor ${slo.eventFloor}: below ${least} events one failure alone fires ${alertName(alert)}`);
    }
  }
  if (slo.owner === "") found.push("nobody owns it: add owner");
  if (slo.runbook === "") found.push("its alerts name no runbook: add runbook");
  return found;
}
