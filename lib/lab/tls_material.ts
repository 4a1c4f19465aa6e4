/**
 * A certificate authority for one lab, and the provider's certificate from it. The CA's key signs once and is removed; the provider's
 * key is readable by root only. All of it lies in the lab's state directory and goes with the lab.
 */
import { exec } from "../host/exec.ts";

export interface TlsMaterial {
  /** PEM; whoever trusts it reaches the provider. */
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
}

const DAYS = "365";
const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"] as const;

/**
 * @param dir made here, with any earlier content removed
 * @param name DNS name the certificate is for, beside the address
 * @throws UnsupportedError without openssl; IoError when it fails.
 */
export async function makeTls(dir: string, name: string, ip: string): Promise<TlsMaterial> {
  removeTls(dir);
  Deno.mkdirSync(dir, { recursive: true, mode: 0o755 });
  const at = (file: string) => `${dir}/${file}`;
  // Its own, so that nothing depends on what the machine's openssl.cnf adds.
  Deno.writeTextFileSync(at("openssl.cnf"), config(name, ip));
  for (const key of ["ca.key", "provider.key"]) Deno.writeTextFileSync(at(key), "", { mode: 0o600 });
  await exec(
    ...["openssl", "req", "-x509", ...NEW_KEY, "-config", at("openssl.cnf"), "-extensions", "ca"] as const,
    ...["-days", DAYS, "-keyout", at("ca.key"), "-out", at("ca.pem")],
  );
  await exec(
    ...["openssl", "req", "-new", ...NEW_KEY, "-config", at("openssl.cnf"), "-subj", `/CN=${name}`] as const,
    ...["-keyout", at("provider.key"), "-out", at("provider.csr")],
  );
  await exec(
    ...["openssl", "x509", "-req", "-in", at("provider.csr"), "-CA", at("ca.pem"), "-CAkey", at("ca.key")] as const,
    ...["-CAcreateserial", "-days", DAYS, "-extfile", at("openssl.cnf"), "-extensions", "provider"],
    ...["-out", at("provider.pem")],
  );
  const kept = new Set(["ca.pem", "provider.pem", "provider.key"]);
  for (const { name } of [...Deno.readDirSync(dir)]) if (!kept.has(name)) Deno.removeSync(at(name));
  return { caFile: at("ca.pem"), certFile: at("provider.pem"), keyFile: at("provider.key") };
}

export function removeTls(dir: string): void {
  try {
    Deno.removeSync(dir, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

function config(name: string, ip: string): string {
  return `[req]
distinguished_name = dn
prompt = no
[dn]
CN = sloctl lab CA
[ca]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
[provider]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = DNS:${name}, IP:${ip}
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
`;
}
