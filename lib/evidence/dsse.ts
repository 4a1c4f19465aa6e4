/**
 * Signed statements: DSSE envelopes (secure-systems-lab/dsse v1) with an in-toto Statement v1 inside, Ed25519 over the PAE. The bytes
 * that were verified are the bytes that are parsed.
 */

export const PAYLOAD_TYPE = "application/vnd.in-toto+json";
export const STATEMENT_TYPE = "https://in-toto.io/Statement/v1";

export interface TrustedKey {
  /** Hex SHA-256 of the SPKI DER. */
  readonly keyid: string;
  readonly key: CryptoKey;
  readonly roles: readonly string[];
  /** Empty: any. */
  readonly predicateTypes: readonly string[];
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

export interface VerifiedStatement {
  readonly keys: readonly TrustedKey[];
  readonly predicateType: string;
  readonly predicate: Readonly<Record<string, unknown>>;
  /** `sha256:...` */
  readonly subjects: readonly string[];
}

/** `DSSEv1 SP len(type) SP type SP len(body) SP body`, lengths in bytes. */
export function pae(type: string, body: Uint8Array): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder();
  const head = encoder.encode(`DSSEv1 ${encoder.encode(type).length} ${type} ${body.length} `);
  const whole = new Uint8Array(head.length + body.length);
  whole.set(head);
  whole.set(body, head.length);
  return whole;
}

/** The statement, with the trusted keys whose signatures hold at that time; or why there is none. */
export async function verifyEnvelope(
  text: string,
  trusted: readonly TrustedKey[],
  atMs: number,
): Promise<VerifiedStatement | { readonly refused: string }> {
  const envelope = json(text);
  if (envelope === null || typeof envelope.payload !== "string" || !Array.isArray(envelope.signatures)) {
    return { refused: "it is no DSSE envelope" };
  }
  const body = base64(envelope.payload);
  if (body === null) return { refused: "its payload is no base64" };
  if (envelope.payloadType !== PAYLOAD_TYPE) {
    return { refused: `its payload is of type ${JSON.stringify(envelope.payloadType)}` };
  }
  const signed = pae(PAYLOAD_TYPE, body);
  const keys = new Map<string, TrustedKey>();
  for (const one of envelope.signatures as unknown[]) {
    const { sig } = (typeof one === "object" && one !== null ? one : {}) as { sig?: unknown };
    const signature = typeof sig === "string" ? base64(sig) : null;
    if (signature === null) continue;
    // The key id of an envelope is a hint, and a hint is no decision: every trusted key is tried.
    for (const candidate of trusted) {
      if (await crypto.subtle.verify("Ed25519", candidate.key, signature, signed)) keys.set(candidate.keyid, candidate);
    }
  }
  if (keys.size === 0) return { refused: "no signature on it is of a trusted key" };
  const statement = json(new TextDecoder().decode(body));
  const { _type, predicateType, predicate, subject } = statement ?? {};
  if (
    _type !== STATEMENT_TYPE || typeof predicateType !== "string" || typeof predicate !== "object" || predicate === null
  ) {
    return { refused: "it holds no in-toto statement" };
  }
  const valid = [...keys.values()].filter(({ predicateTypes, notBeforeMs, notAfterMs }) =>
    notBeforeMs <= atMs && atMs <= notAfterMs && (predicateTypes.length === 0 || predicateTypes.includes(predicateType))
  );
  if (valid.length === 0) return { refused: "its key may not sign this, or not at this time" };
  const subjects = (Array.isArray(subject) ? subject : []).flatMap((one) => {
    const digest = (one as { digest?: { sha256?: unknown } } | null)?.digest?.sha256;
    return typeof digest === "string" ? [`sha256:${digest.toLowerCase()}`] : [];
  });
  return { keys: valid, predicateType, predicate: predicate as Record<string, unknown>, subjects };
}

/** trust/v1: public keys, what they may sign, and when. @throws Error in words, for a file that is none */
export async function readTrust(text: string): Promise<TrustedKey[]> {
  const document = json(text);
  if (document?.schema !== "trust/v1" || !Array.isArray(document.keys)) throw new Error("it is no trust/v1 file");
  return await Promise.all((document.keys as Record<string, unknown>[]).map(async (raw, i) => {
    const der = typeof raw.public_key === "string" ? fromPem(raw.public_key) : null;
    if (der === null) throw new Error(`keys.${i}.public_key is no PEM of a public key`);
    const key = await crypto.subtle.importKey("spki", der, "Ed25519", true, ["verify"]).catch(() => {
      throw new Error(`keys.${i}.public_key is no Ed25519 key`);
    });
    const names = (value: unknown) => Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
    const time = (value: unknown, otherwise: number) => {
      if (value === undefined || value === null) return otherwise;
      const ms = Date.parse(String(value));
      if (Number.isNaN(ms)) throw new Error(`keys.${i} is valid until or from no time: ${JSON.stringify(value)}`);
      return ms;
    };
    return {
      keyid: new Uint8Array(await crypto.subtle.digest("SHA-256", der)).toHex(),
      key,
      roles: names(raw.roles),
      predicateTypes: names(raw.predicate_types),
      notBeforeMs: time(raw.not_before, -Infinity),
      notAfterMs: time(raw.not_after, Infinity),
    };
  }));
}

function fromPem(pem: string): Uint8Array<ArrayBuffer> | null {
  const [, body] = /-----BEGIN PUBLIC KEY-----([\s\S]+?)-----END PUBLIC KEY-----/.exec(pem) ?? [];
  return body === undefined ? null : base64(body.replace(/\s+/g, ""));
}

/** Both alphabets; null for anything else. */
function base64(text: string): Uint8Array<ArrayBuffer> | null {
  try {
    return Uint8Array.fromBase64(text.replaceAll("-", "+").replaceAll("_", "/"));
  } catch {
    return null;
  }
}

function json(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? value as Record<string, unknown>
      : null;
  } catch {
    return null;
  }
}
