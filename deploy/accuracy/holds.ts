/** Turns a measurement into a kernel test: every comparison of it must agree. */
import { assert, assertEquals } from "@std/assert";
import { kernelTest } from "../../lib/testing/kernel.ts";
import { agrees, type Measurement } from "./measure.ts";

/** Registers one test for one measurement. */
export function holds({ name, needs, timeoutMs, measure }: Measurement): void {
  kernelTest(`${name} agrees with the instrument`, async () => {
    const comparisons = await measure();
    assert(comparisons.length > 0, "nothing was compared");
    const apart = comparisons.filter((one) => !agrees(one));
    assertEquals(apart, []);
  }, { ...(needs && { needs }), ...(timeoutMs !== undefined && { timeoutMs }) });
}
