/** Old kernels, really booted. Slow (about 20 s a kernel), so each is one test. */
import { assert, assertEquals } from "@std/assert";
import { UnsupportedError } from "../../lib/model/errors.ts";
import { PROBES } from "../../lib/kernel/probes.ts";
import { testUnless } from "../../lib/testing/unless.ts";
import { RELEASES } from "./images.ts";
import { cannotBoot, runGuests } from "./run.ts";
import { holdsEmulated } from "./verdict.ts";

const PLAIN = PROBES.filter(({ plain }) => plain !== undefined).map(({ probe }) => probe);
/** Of the two routes of connects and reads, the better one each of these kernels has. */
const ROUTES: Readonly<Record<string, readonly string[]>> = {
  "5.10": ["on_inet_stream_connect", "on_tcp_recvmsg_nonblock"],
  "6.1": ["on_inet_stream_connect", "on_tcp_recvmsg"],
  "6.12": ["on_inet_stream_connect", "on_sock_recv_length"],
};
/** Locked down too: on one of them, since it takes its time. */
const LOCKED_DOWN = "6.1";

for (const release of RELEASES) {
  testUnless(
    cannotBoot(),
    `Linux ${release.kernel}: every probe attaches, counts are exact, times agree, also without BTF`,
    async (test) => {
      let reports;
      try {
        reports = await runGuests([release], () => {}, { lockdown: release.kernel === LOCKED_DOWN });
      } catch (error) {
        if (!(error instanceof UnsupportedError)) throw error;
        await test.step({ name: `not booted: ${error.message}`, ignore: true, fn: () => {} });
        return;
      }
      const [report] = reports;
      if (report!.crashed) {
        const last = report!.broken!.split("\n").at(-1)!.trim();
        const name = `not judged: the emulator brought this kernel down at each of ${report!.boots} boots: ${last}`;
        await test.step({ name, ignore: true, fn: () => {} });
        return;
      }
      assertEquals(report!.broken, null);
      assertEquals(report!.attached!.error, undefined);
      const attached = report!.attached!.attached.filter((probe) => probe !== "cpu_steal");
      assertEquals(attached, PROBES.map(({ probe }) => probe));
      assertEquals([report!.attached!.code, report!.attached!.routes], [0, ROUTES[release.kernel]]);
      const expected: [string, string, readonly string[]][] = [["BTF hidden", "bcc_degraded", PLAIN]];
      if (release.kernel === LOCKED_DOWN) {
        expected.push(["lockdown=integrity", "core_full", PROBES.map(({ probe }) => probe)]);
        expected.push(["lockdown=confidentiality", "bcc_degraded", ["dns_latency", "stream"]]);
      }
      const lacking = report!.lacking.map(({ under, mode, attached }) =>
        [under, mode, attached.filter((probe) => probe !== "cpu_steal")] as const
      );
      assertEquals(lacking.map(([...row]) => row), expected);
      const measured = new Set(report!.measured.map(({ under }) => under));
      for (const under of ["as booted", "BTF hidden"] as const) assert(measured.has(under), `${under}: not measured`);
      for (const { comparisons } of report!.measured) {
        assertEquals(comparisons.filter((one) => !holdsEmulated(one)), []);
      }
    },
  );
}
