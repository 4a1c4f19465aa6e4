/** Turns a measurement into a kernel test: every comparison of it must agree. */
import { assert, assertEquals } from "@std/assert";
import { kernelTest } from "../../lib/testing/kernel.ts";
import { slowness } from "../../lib/testing/machine_speed.ts";
import { agrees, type Measurement } from "./measure.ts";

/** Registers one test for one measurement. */
export function holds({ name, needs, timeoutMs, measure }: Measurement): void {
  kernelTest(`${name} agrees with the instrument`, async () => {
    const comparisons = await measure();
    assert(comparisons.length > 0, "nothing was compared");
    // On a machine that is slow just now both clocks wait longer for their CPU; a count is a count.
    const times = slowness();
    const apart = comparisons.filter((one) => !agrees({ ...one, allowed: one.allowed * times }));
    assertEquals(apart, []);
  }, { ...(needs && { needs }), ...(timeoutMs !== undefined && { timeoutMs }) });
}
