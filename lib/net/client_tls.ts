/** What a client trusts beside the public authorities, and what it shows where a server asks who it is. */
import { IoError, UsageError } from "../model/errors.ts";

/** Paths of PEM files. */
export interface ClientTls {
  readonly caFile?: string | undefined;
  /** Certificate and key: both or neither. */
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
}

/** For Deno.createHttpClient. @throws UsageError for half a pair, IoError when a file cannot be read */
export function clientTls(
  { caFile, certFile, keyFile }: ClientTls,
): Deno.CreateHttpClientOptions | (Deno.CreateHttpClientOptions & Deno.TlsCertifiedKeyPem) {
  if ((certFile === undefined) !== (keyFile === undefined)) {
    throw new UsageError(
      `Cannot show the certificate of "${certFile ?? keyFile}": it takes a certificate and its key`,
      "Name both files",
    );
  }
  const trusted = caFile === undefined ? {} : { caCerts: [readPem(caFile)] };
  return certFile === undefined ? trusted : { ...trusted, cert: readPem(certFile), key: readPem(keyFile!) };
}

/** @throws IoError */
function readPem(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    const state = error instanceof Deno.errors.NotFound ? "it does not exist" : (error as Error).message;
    throw new IoError(`Cannot read "${path}": ${state}`, "Give the path of a PEM file");
  }
}
