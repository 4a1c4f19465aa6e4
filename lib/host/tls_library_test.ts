import { assertEquals } from "@std/assert";
import { builtIn, mappedLibrary, TlsLibraries } from "./tls_library.ts";

Deno.test("mappedLibrary finds a library by its file", () => {
  const line = (path: string) => `7f00-7f10 r-xp 00000000 fe:00 131 ${path}\n`;
  const rows: [string, string | undefined][] = [
    ["", undefined],
    [line("[heap]") + line("/usr/bin/curl"), undefined],
    [line("/usr/bin/curl") + line("/usr/lib/x86_64-linux-gnu/libssl.so.3"), "OpenSSL (libssl.so.3)"],
    [line("/usr/lib/libgnutls.so.30.34.3"), "GnuTLS (libgnutls.so.30.34.3)"],
    [line("/usr/lib/firefox/libnss3.so"), "NSS (libnss3.so)"],
    [line("/usr/lib/jvm/java-17/lib/server/libjvm.so (deleted)"), "Java's own (JSSE) (libjvm.so)"],
    [line("/home/x/notlibssl.so.3"), undefined],
  ];
  for (const [maps, expected] of rows) assertEquals(mappedLibrary(maps), expected, maps);
});

Deno.test("builtIn knows a library by its words; TlsLibraries a process by its files", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const rows: [string, string, string[]][] = [
      ["a", "\0\x01OpenSSL 3.0.11 19 Sep 2023\0", ["OpenSSL"]],
      ["b", "rustls::client\0OpenSSL 1.1", ["OpenSSL", "rustls"]],
      ["c", "\xff Go buildinf:\0 BoringSSL", ["Go's own (crypto/tls)"]],
      ["d", "nothing", []],
    ];
    for (const [name, text, expected] of rows) {
      await Deno.writeTextFile(`${folder}/${name}`, text);
      assertEquals(await builtIn(`${folder}/${name}`), expected, text);
    }
    assertEquals(await builtIn(`${folder}/none`), []);

    const proc = `${folder}/proc`;
    for (const [pid, exe] of [[1, "a"], [2, "d"], [3, "b"]] as const) {
      await Deno.mkdir(`${proc}/${pid}`, { recursive: true });
      await Deno.writeTextFile(`${proc}/${pid}/maps`, pid === 3 ? "0-1 r-xp 0 0:0 1 /usr/lib/libssl.so.3\n" : "");
      await Deno.symlink(`${folder}/${exe}`, `${proc}/${pid}/exe`);
    }
    const libraries = new TlsLibraries(proc);
    for (const pid of [1, 2, 3, 4]) libraries.note(`p${pid}`, pid);
    await libraries.search();
    assertEquals([1, 2, 3, 4].map((pid) => libraries.name(`p${pid}`)), [
      "OpenSSL, built in",
      undefined,
      "OpenSSL (libssl.so.3)",
      undefined,
    ]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
