/** Old kernels, really booted. Slow (about 20 s a kernel), so each is one test. */
import { assert, assertEquals } from "@std/assert";
import { UnsupportedError } from "../../lib/model/errors.ts";
import { PROBES } from "../../lib/kernel/probes.ts";
import { testUnless } from "../../lib/testing/unless.ts";
import { RELEASES } from "./images.ts";
import { cannotBoot, runGuests } from "./run.ts";
import { holdsEmulated } from "./verdict.ts";

for (const release of RELEASES) {
  testUnless(
    cannotBoot(),
    `Linux ${release.kernel}: every probe attaches, counts are exact, times agree`,
    async (test) => {
      let reports;
      try {
        reports = await runGuests([release], () => {});
      } catch (error) {
        if (!(error instanceof UnsupportedError)) throw error;
        await test.step({ name: `not booted: ${error.message}`, ignore: true, fn: () => {} });
        return;
      }
      const [report] = reports;
      assertEquals(report!.broken, null);
      assertEquals(report!.attached!.error, undefined);
      const attached = report!.attached!.attached.filter((probe) => probe !== "cpu_steal");
      assertEquals(attached, PROBES.map(({ probe }) => probe));
      assert(report!.measured.length > 0, "nothing was measured");
      for (const { comparisons } of report!.measured) {
        assertEquals(comparisons.filter((one) => !holdsEmulated(one)), []);
      }
    },
  );
}
