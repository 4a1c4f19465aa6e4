/** Handshakes by every library, as client and as server: counted once each, whoever speaks to whom; and who refused. */
import { assert, assertEquals } from "@std/assert";
import type { TlsEvent } from "../model/kernel_event.ts";
import { makeCertificates } from "../testing/certificates.ts";
import { kernelTest } from "../testing/kernel.ts";
import { tlsLibraries, type TlsLibrary } from "../testing/tls/libraries.ts";
import { only, type Seen, watched } from "../testing/watched.ts";

const WATCH = { probes: ["tls_handshake", "stream"] } as const;
const HANDSHAKES = 3;
const libraries = await tlsLibraries();

const at = (seen: Seen, port: number, role: TlsEvent["role"]) =>
  only(
    seen,
    "tls",
    (event) => event.role === role && (role === "client" ? event.tuple.dstPort : event.tuple.srcPort) === port,
  );
const outcome = ({ failed, failedBy, version13 }: TlsEvent) =>
  `${version13 ? "1.3" : "?"} ${failed ? `refused, ${failedBy}` : "done"}`;
const times = (n: number, what: string) => Array.from({ length: n }, () => what);

/** The library serves curl; OpenSSL's server serves the library. */
async function bothRoles(library: TlsLibrary, openssl: TlsLibrary): Promise<void> {
  using files = await makeCertificates(["server"]);
  using strangers = await makeCertificates([]);
  await using own = await library.serve(files.of("server"));
  await using other = await openssl.serve(files.of("server"));
  const seen = await watched(async () => {
    assert(await openssl.get(files.ca, own.port, HANDSHAKES), "curl was answered");
    assert(await library.get(files.ca, other.port, HANDSHAKES), "the client was answered");
    assert(!await library.get(strangers.ca, other.port, 1), "an authority it does not know");
    assert(!await openssl.get(strangers.ca, own.port, 1), "an authority curl does not know");
  }, WATCH);
  assertEquals(seen.lost, 0);
  const done = [...times(HANDSHAKES, "1.3 done")];
  for (const port of [own.port, other.port]) {
    const [clients, servers] = [at(seen, port, "client"), at(seen, port, "server")];
    assertEquals(clients.map(outcome), [...done, "1.3 refused, here"], `clients of ${port}`);
    assertEquals(servers.map(outcome), [...done, "1.3 refused, peer"], `server ${port}`);
    for (const [i, event] of [...clients, ...servers].entries()) {
      const ms = (event.tsNs - event.startNs) / 1e6;
      assert(ms > 0 && ms < 5000, `${i}: ${ms} ms`);
      assert(event.owner.pid > 0);
    }
  }
  assertEquals(new Set(at(seen, other.port, "client").map(({ owner }) => owner.comm)), new Set([library.comm]));
  if (library !== openssl) {
    assertEquals(new Set(at(seen, own.port, "server").map(({ owner }) => owner.pid)), new Set([own.pid]), "its owner");
  }
}

const [openssl] = libraries;
for (const library of libraries) {
  kernelTest(
    `${library.name}: each handshake is one event at either end, refusals too`,
    () => bothRoles(library, openssl!),
    { needs: () => library.missing ?? openssl!.missing },
  );
}
