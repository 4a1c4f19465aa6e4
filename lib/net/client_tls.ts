/** What a client trusts beside the public authorities, and what it shows where a server asks who it is. */
import { UsageError } from "../model/errors.ts";
import { readPem } from "./pem.ts";

/** Paths of PEM files. */
export interface ClientTls {
  readonly caFile?: string | undefined;
  /** Certificate and key: both or neither. */
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
}

/** For Deno.createHttpClient. @throws UsageError for half a pair and a file without what it is for, IoError when one cannot be read */
export function clientTls(
  { caFile, certFile, keyFile }: ClientTls,
): Deno.CreateHttpClientOptions | (Deno.CreateHttpClientOptions & Deno.TlsCertifiedKeyPem) {
  if ((certFile === undefined) !== (keyFile === undefined)) {
    throw new UsageError(
      `Cannot show the certificate of "${certFile ?? keyFile}": it takes a certificate and its key`,
      "Name both files",
    );
  }
  const trusted = caFile === undefined ? {} : { caCerts: [readPem(caFile, "CERTIFICATE")] };
  return certFile === undefined
    ? trusted
    : { ...trusted, cert: readPem(certFile, "CERTIFICATE"), key: readPem(keyFile!, "PRIVATE KEY") };
}
