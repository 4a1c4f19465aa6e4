import { assertEquals, assertRejects } from "@std/assert";
import { pae, PAYLOAD_TYPE, readTrust, STATEMENT_TYPE, verifyEnvelope } from "./dsse.ts";

Deno.test("PAE: lengths in bytes, as the protocol's own vector has it", async () => {
  const bytes = pae("http://example.com/HelloWorld", new TextEncoder().encode("hello world"));
  assertEquals(new TextDecoder().decode(bytes), "DSSEv1 29 http://example.com/HelloWorld 11 hello world");
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
  assertEquals([bytes.length, digest.slice(0, 8), digest.slice(-8)], [54, "217751fa", "6fb6b6a1"]);
  const coordinate = (decimal: string) => Uint8Array.fromHex(BigInt(decimal).toString(16).padStart(64, "0"));
  const point = new Uint8Array([
    4,
    ...coordinate("46950820868899156662930047687818585632848591499744589407958293238635476079160"),
    ...coordinate("5640078356564379163099075877009565129882514886557779369047442380624545832820"),
  ]);
  const p256 = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", point, p256, false, ["verify"]);
  const signature = Uint8Array.fromBase64(
    "A3JqsQGtVsJ2O2xqrI5IcnXip5GToJ3F+FnZ+O88SjtR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA==",
  );
  assertEquals(await crypto.subtle.verify(p256, key, signature, bytes), true);
});

Deno.test("an envelope: verified bytes are the parsed bytes, both alphabets, and a key has its time and its kind", async () => {
  const pair = await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"]) as CryptoKeyPair;
  const der = new Uint8Array(await crypto.subtle.exportKey("spki", pair.publicKey));
  const pem = `-----BEGIN PUBLIC KEY-----\n${der.toBase64()}\n-----END PUBLIC KEY-----`;
  const trust = (more: object) =>
    readTrust(JSON.stringify({ schema: "trust/v1", keys: [{ public_key: pem, roles: ["sre"], ...more }] }));
  const statement = {
    _type: STATEMENT_TYPE,
    subject: [{ digest: { sha256: "AB" } }],
    predicateType: "p",
    predicate: { a: "?>?>" },
  };
  const seal = async (body: string, type = PAYLOAD_TYPE, url = false) => {
    const bytes = new TextEncoder().encode(body);
    const sig = new Uint8Array(await crypto.subtle.sign("Ed25519", pair.privateKey, pae(PAYLOAD_TYPE, bytes)));
    const text = (value: Uint8Array) => url ? value.toBase64({ alphabet: "base64url" }) : value.toBase64();
    return JSON.stringify({
      payloadType: type,
      payload: text(bytes),
      signatures: [{ keyid: "a hint", sig: text(sig) }],
    });
  };
  const good = await seal(JSON.stringify(statement));
  const atMs = Date.parse("2026-06-01T00:00:00Z");
  const told = async (text: string, more: object = {}) => {
    const found = await verifyEnvelope(text, await trust(more), atMs);
    return "refused" in found ? found.refused : found.subjects.join();
  };
  assertEquals(await told(good), "sha256:ab");
  assertEquals(await told(await seal(JSON.stringify(statement), PAYLOAD_TYPE, true)), "sha256:ab");
  assertEquals(
    await told(good, { not_after: "2026-05-31T00:00:00Z" }),
    "its key may not sign this, or not at this time",
  );
  assertEquals(await told(good, { predicate_types: ["q"] }), "its key may not sign this, or not at this time");
  assertEquals(await told(good.replace(/"payload":"e/, '"payload":"f')), "no signature on it is of a trusted key");
  assertEquals(await told(await seal(JSON.stringify(statement), "text/plain")), 'its payload is of type "text/plain"');
  assertEquals(await told(await seal("{}")), "it holds no in-toto statement");
  assertEquals(await told("{}"), "it is no DSSE envelope");
  await assertRejects(() => readTrust("{}"), Error, "no trust/v1 file");
  await assertRejects(() => trust({ public_key: "x" }), Error, "no PEM of a public key");
});
