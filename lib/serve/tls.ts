/** Certificate, key and the authority that signs our clients, as they come out of their files. */
import { UsageError } from "../model/errors.ts";
import { readPem } from "../net/pem.ts";

/** PEM texts, under the names node:https gives them. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
  /** Given: a client without a certificate signed by it ends in the handshake. */
  readonly ca?: string;
  readonly requestCert?: boolean;
  readonly rejectUnauthorized?: boolean;
}

export interface TlsPaths {
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly clientCa: string | undefined;
}

/** undefined when no path is given: plain text. @throws UsageError for half a pair, IoError when a file cannot be read */
export function readTls({ cert, key, clientCa }: TlsPaths): TlsFiles | undefined {
  if (cert === undefined && key === undefined) {
    if (clientCa === undefined) return undefined;
    throw new UsageError(
      `Cannot ask clients for certificates of "${clientCa}": that takes TLS`,
      "Add --tls-cert FILE and --tls-key FILE",
    );
  }
  if (cert === undefined || key === undefined) {
    throw new UsageError(
      "Cannot speak TLS: it takes a certificate and its key",
      "Give --tls-cert and --tls-key together",
    );
  }
  const pair = { cert: readPem(cert, "CERTIFICATE"), key: readPem(key, "PRIVATE KEY") };
  if (clientCa === undefined) return pair;
  return { ...pair, ca: readPem(clientCa, "CERTIFICATE"), requestCert: true, rejectUnauthorized: true };
}
