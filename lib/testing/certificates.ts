/** Certificates for tests of TLS, made by openssl: an authority, and for each name a certificate it signed. */

export interface Certificates extends Disposable {
  readonly ca: string;
  /** Paths of the pair made for `name`. */
  readonly of: (name: string) => { readonly cert: string; readonly key: string };
}

/** Good for 127.0.0.1, as server and as client. */
export async function makeCertificates(names: readonly string[]): Promise<Certificates> {
  const folder = Deno.makeTempDirSync({ prefix: "sloctl-certificates-" });
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const config = `${folder}/openssl.cnf`;
  Deno.writeTextFileSync(
    config,
    "[req]\ndistinguished_name=dn\n[dn]\n[ca]\nbasicConstraints=critical,CA:TRUE\n[leaf]\nbasicConstraints=CA:FALSE\n" +
      "extendedKeyUsage=serverAuth,clientAuth\nsubjectAltName=IP:127.0.0.1,DNS:localhost\n",
  );
  const openssl = async (...args: string[]) => {
    const { success, stderr } = await new Deno.Command("openssl", { args }).output();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
  };
  const [ca, caKey] = [`${folder}/ca.pem`, `${folder}/ca.key`];
  await openssl(
    ...["req", "-x509", ...key, "-config", config, "-extensions", "ca", "-subj", "/CN=test authority"],
    ...["-days", "2", "-keyout", caKey, "-out", ca],
  );
  const of = (name: string) => ({ cert: `${folder}/${name}.pem`, key: `${folder}/${name}.key` });
  for (const name of names) {
    const pair = of(name);
    const request = `${folder}/${name}.csr`;
    await openssl(
      ...["req", "-new", ...key, "-config", config, "-subj", `/CN=${name}`, "-keyout", pair.key, "-out", request],
    );
    await openssl(
      ...["x509", "-req", "-in", request, "-CA", ca, "-CAkey", caKey, "-CAcreateserial", "-days", "2"],
      ...["-extfile", config, "-extensions", "leaf", "-out", pair.cert],
    );
  }
  return { ca, of, [Symbol.dispose]: () => Deno.removeSync(folder, { recursive: true }) };
}
