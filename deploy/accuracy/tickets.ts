/** stream_ttft_ms over TLS 1.3 against curl: session tickets are not the first byte, an answer as small and quick as they are is. */
import { exec } from "../../lib/host/exec.ts";
import { ahead } from "../../lib/testing/ahead.ts";
import { makeCertificates } from "../../lib/testing/certificates.ts";
import { opensslServer, tlsLibraries, type TlsLibrary } from "../../lib/testing/tls/libraries.ts";
import { median, only, watched } from "../../lib/testing/watched.ts";
import { type Comparison, lacks, type Measurement, repeats } from "./measure.ts";

const N = 7;

async function compare(what: string, port: number, path: string): Promise<Comparison[]> {
  const n = repeats(N);
  const theirs: number[] = [];
  const format = "%{time_pretransfer} %{time_starttransfer}";
  const seen = await watched(async () => {
    for (let i = 0; i < n; i++) {
      const url = `https://127.0.0.1:${port}${path}`;
      const [sent = NaN, first = NaN] =
        (await exec(...ahead("curl", "-sk", "--http1.1", "-o", "/dev/null", "-w", format, url)))
          .split(" ").map(Number);
      theirs.push((first - sent) * 1000);
    }
  }, { probes: ["tls_handshake", "stream"], comm: "curl" });
  const turns = only(
    seen,
    "exchange",
    ({ phase, role, tuple }) => phase === "first" && role === "client" && tuple.dstPort === port,
  );
  // When curl read it: a busy Java machine keeps curl from the CPU, and that would hide a ticket taken for an answer.
  const ours = turns.map(({ requestEnd, responseStart, firstRead }) =>
    ((firstRead ?? responseStart)!.ns - requestEnd.ns) / 1e6
  );
  const common = { signal: "stream_ttft_ms", what, oracle: "curl", n } as const;
  const because = "both when curl had read it; curl's own clock begins before it writes its request";
  return [
    { ...common, stat: "count", unit: "count", ours: ours.length, theirs: n, allowed: 0 },
    { ...common, stat: "median", unit: "ms", ours: median(ours), theirs: median(theirs), allowed: 8, because },
  ];
}

async function serversOf(library: TlsLibrary, files: { cert: string; key: string }): Promise<Comparison[]> {
  if (library.missing !== null || library.comm === "curl") return [];
  await using server = await library.serve(files);
  return [
    ...await compare(`${library.name}, at once`, server.port, "/"),
    ...await compare(`${library.name}, 60 ms late`, server.port, "/late"),
  ];
}

export const tickets: Measurement = {
  name: "stream_ttft_ms over TLS",
  needs: () => lacks("curl") ?? lacks("openssl") ?? lacks("bash"),
  measure: async () => {
    using made = await makeCertificates(["server"]);
    const files = made.of("server");
    const all: Comparison[] = [];
    for (const count of [0, 1, 2, 5]) {
      await using server = await opensslServer(files, count);
      all.push(...await compare(`OpenSSL, ${count} tickets`, server.port, "/"));
    }
    for (const library of await tlsLibraries()) all.push(...await serversOf(library, files));
    return all;
  },
};
