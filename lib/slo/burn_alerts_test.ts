import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  alertProblem,
  BUDGET_PAIRS,
  burnAlerts,
  burnFactor,
  leastEvents,
  scaleWindows,
  threshold,
  type WindowPair,
} from "./burn_alerts.ts";
import { decimal, decimalText } from "./literal.ts";

const DAY = 86_400;
const objective = (text: string) => decimal(text)!;

Deno.test("factors of a period, and the thresholds they make", () => {
  const factors = (days: number) =>
    BUDGET_PAIRS.map(({ share, longS }) => decimalText(burnFactor(share, days * DAY, longS)));
  assertEquals(factors(30), ["14.4", "6", "3", "1"]);
  assertEquals(factors(28), ["13.44", "5.6", "2.8", "0.9333333333333333"]);
  const thresholds = (text: string) =>
    burnAlerts("fixed", 30 * DAY).map((alert) => decimalText(threshold(alert, objective(text))));
  assertEquals(thresholds("0.99"), ["0.144", "0.06", "0.03", "0.01"]);
  assertEquals(thresholds("0.999"), ["0.0144", "0.006", "0.003", "0.001"]);
  assertEquals(thresholds("0.9995"), ["0.0072", "0.003", "0.0015", "0.0005"]);
});

Deno.test("windows scaled to another period, rounded to minutes", () => {
  const minutes = (pairs: readonly WindowPair[]) => pairs.map((p) => [p.longS, p.shortS, p.forS].map((s) => s / 60));
  // A published set for 28 d: long, short, and how long it must hold.
  const of28: WindowPair[] = [[60, 5, 2], [360, 30, 15], [1440, 120, 60], [5760, 360, 180]].map((
    [long, short, hold],
  ) => ({ level: "page", longS: long! * 60, shortS: short! * 60, forS: hold! * 60 }));
  assertEquals(minutes(scaleWindows(of28, 28 * DAY, 30 * DAY)), [
    [64, 5, 2],
    [386, 32, 16],
    [1543, 129, 64],
    [6171, 386, 193],
  ]);
  const scaled = burnAlerts("scaled", 28 * DAY);
  assertEquals(minutes(scaled).map(([long, short]) => [long, short]), [[56, 5], [336, 28], [1344, 112], [4032, 336]]);
  assertEquals(scaled.map(({ factor }) => decimalText(factor)), ["14.4", "6", "3", "1"]);
});

Deno.test("an alert that can never fire, or fires inside the budget, is a problem", () => {
  const month = burnAlerts("fixed", 30 * DAY);
  const problem = (index: number, text: string, periodS = 30 * DAY) =>
    alertProblem(month[index]!, objective(text), periodS);
  // S must exceed 1 - 1/f: 0.930556 for 14.4, 0.666667 for 3.
  assertStringIncludes(problem(0, "0.93")!.state, "can never fire: page 1h/5m at factor 14.4");
  assertStringIncludes(problem(0, "0.93")!.hint, "below 14.2857");
  assertStringIncludes(problem(0, "0.93")!.hint, "above 0.93055");
  assertStringIncludes(problem(0, "0.930555")!.state, "never fire");
  assertEquals(problem(0, "0.930556"), null);
  assertStringIncludes(problem(2, "0.666666")!.state, "never fire");
  assertEquals(problem(2, "0.666667"), null);
  const [, , , last] = burnAlerts("fixed", 28 * DAY);
  assertStringIncludes(alertProblem(last!, objective("0.999"), 28 * DAY)!.state, "factor 0.9333333333333333, below 1");
  assertEquals(alertProblem(last!, objective("0.999"), 28 * DAY, true), null);
  assertStringIncludes(problem(3, "0.99", 3 * DAY)!.state, "as long as the period");
  assertStringIncludes(alertProblem({ ...last!, shortS: last!.longS }, objective("0.9"), 30 * DAY)!.state, "short");
});

Deno.test("one failure among so many events fires nothing", () => {
  for (const text of ["0.999", "0.99", "0.95", "0.9995", "0.93055556"]) {
    for (const alert of burnAlerts("fixed", 30 * DAY)) {
      const least = leastEvents(alert, objective(text));
      const { n, d } = threshold(alert, objective(text));
      const fires = (events: bigint) => d > n * events; // 1/events > n/d
      assert(!fires(least) && (least === 1n || fires(least - 1n)), `${text} ${least}`);
    }
  }
  assertEquals(burnAlerts("fixed", 30 * DAY).map((alert) => leastEvents(alert, objective("0.999"))), [
    70n,
    167n,
    334n,
    1000n,
  ]);
});
