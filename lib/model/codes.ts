/** The numbers of DNS, TLS and Linux by the names people search for. A number without a name here keeps its number. */

const RCODES = ["NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"];
const EXTENDED_RCODES: ReadonlyMap<number, string> = new Map([[16, "BADVERS"], [23, "BADCOOKIE"]]);

/** DNS response code (RFC 1035, 2136, 6891, 7873) by name: 3 -> `NXDOMAIN`. */
export function rcodeName(rcode: number): string {
  return RCODES[rcode] ?? EXTENDED_RCODES.get(rcode) ?? `RCODE${rcode}`;
}

/** Why a DNS query has no good answer: `timeout`, `abandoned`, a response code's name, or that of the socket's errno. */
export function dnsCause(
  query: { readonly rcode: number | null; readonly abandoned: boolean; readonly errno: number },
): string {
  if (query.rcode !== null) return rcodeName(query.rcode);
  if (query.errno !== 0) return errnoName(query.errno);
  return query.abandoned ? "abandoned" : "timeout";
}

/** DNS query types (RFC 1035, 3596, 9460) that rules elsewhere speak of. */
export const QUERY_TYPE = { A: 1, PTR: 12, AAAA: 28, SVCB: 64, HTTPS: 65 } as const;

const QUERY_TYPES: ReadonlyMap<number, string> = new Map([
  [1, "A"],
  [2, "NS"],
  [5, "CNAME"],
  [6, "SOA"],
  [12, "PTR"],
  [15, "MX"],
  [16, "TXT"],
  [28, "AAAA"],
  [33, "SRV"],
  [64, "SVCB"],
  [65, "HTTPS"],
  [255, "ANY"],
]);

/** DNS query type by name: 28 -> `AAAA`; unknown ones as RFC 3597 writes them: `TYPE4711`. */
export function queryTypeName(type: number): string {
  return QUERY_TYPES.get(type) ?? `TYPE${type}`;
}

/** The number of a query type as `queryTypeName` writes it; 0 for what is none. */
export function queryTypeNumber(name: string): number {
  const [known] = [...QUERY_TYPES].find(([, other]) => other === name) ?? [];
  return known ?? Number(/^TYPE(\d{1,5})$/.exec(name)?.[1] ?? 0);
}

/** The kernel's largest errno, which no call gives: in its records it stands for one that nobody saw. */
export const UNKNOWN_ERRNO = 4095;

const ERRNOS: ReadonlyMap<number, readonly [name: string, words: string]> = new Map([
  [1, ["EPERM", "not permitted (a firewall rule?)"]],
  [2, ["ENOENT", "not there"]],
  [4, ["EINTR", "interrupted"]],
  [5, ["EIO", "I/O error"]],
  [7, ["E2BIG", "too complex"]],
  [12, ["ENOMEM", "no memory"]],
  [13, ["EACCES", "refused by a local rule"]],
  [16, ["EBUSY", "busy"]],
  [22, ["EINVAL", "invalid address"]],
  [28, ["ENOSPC", "no space left"]],
  [32, ["EPIPE", "closed by the peer"]],
  [38, ["ENOSYS", "not built into this kernel"]],
  [61, ["ENODATA", "unreadable medium"]],
  [67, ["ENOLINK", "link to the device lost"]],
  [95, ["EOPNOTSUPP", "not supported"]],
  [99, ["EADDRNOTAVAIL", "no local address or port left"]],
  [100, ["ENETDOWN", "network down"]],
  [101, ["ENETUNREACH", "network unreachable"]],
  [103, ["ECONNABORTED", "aborted"]],
  [104, ["ECONNRESET", "connection reset"]],
  [105, ["ENOBUFS", "no buffer space"]],
  [110, ["ETIMEDOUT", "timed out"]],
  [111, ["ECONNREFUSED", "connection refused"]],
  [112, ["EHOSTDOWN", "host down"]],
  [113, ["EHOSTUNREACH", "host unreachable"]],
  [121, ["EREMOTEIO", "failed at the other end"]],
  [125, ["ECANCELED", "given up by the program"]],
  [524, ["ENOTSUPP", "not supported by this kernel"]],
  [UNKNOWN_ERRNO, ["unknown", "the kernel did not say why"]],
]);

/** Linux errno (positive) by name: 111 -> `ECONNREFUSED`. */
export function errnoName(errno: number): string {
  return ERRNOS.get(errno)?.[0] ?? `errno ${errno}`;
}

const CONNECT_FAILURES: ReadonlyMap<number, string> = new Map([
  [1, "forbidden"],
  [13, "forbidden"],
  [99, "no_local_port"],
  [100, "unreachable"],
  [101, "unreachable"],
  [110, "timed_out"],
  [111, "refused"],
  [112, "unreachable"],
  [113, "unreachable"],
  [125, "cancelled"],
]);

/** What kind of failure a connect's errno (positive) is: the four that are dealt with differently, `forbidden`, `no_local_port`, `other`. */
export function connectFailure(errno: number): string {
  return CONNECT_FAILURES.get(errno) ?? "other";
}

/** Linux errno (positive) in plain words: 111 -> `connection refused`. */
export function errnoWords(errno: number): string {
  return ERRNOS.get(errno)?.[1] ?? `errno ${errno}`;
}

const ALERTS: ReadonlyMap<number, string> = new Map([
  [0, "close_notify"],
  [10, "unexpected_message"],
  [20, "bad_record_mac"],
  [22, "record_overflow"],
  [40, "handshake_failure"],
  [42, "bad_certificate"],
  [43, "unsupported_certificate"],
  [44, "certificate_revoked"],
  [45, "certificate_expired"],
  [46, "certificate_unknown"],
  [47, "illegal_parameter"],
  [48, "unknown_ca"],
  [49, "access_denied"],
  [50, "decode_error"],
  [51, "decrypt_error"],
  [70, "protocol_version"],
  [71, "insufficient_security"],
  [80, "internal_error"],
  [86, "inappropriate_fallback"],
  [90, "user_canceled"],
  [109, "missing_extension"],
  [110, "unsupported_extension"],
  [112, "unrecognized_name"],
  [113, "bad_certificate_status_response"],
  [115, "unknown_psk_identity"],
  [116, "certificate_required"],
  [120, "no_application_protocol"],
]);

/** TLS alert (RFC 8446, 6) by name: 48 -> `unknown_ca`. */
export function alertName(description: number): string {
  return ALERTS.get(description) ?? `alert ${description}`;
}

/** What ended a TLS handshake that failed, as a cause: `unknown_ca (alert sent)`, `closed by the peer`. */
export function tlsFailure(
  { failedBy, alert }: { readonly failedBy: "here" | "peer" | null; readonly alert: number | "encrypted" | null },
): string {
  const peer = failedBy === "peer";
  if (alert === null || alert === 0) return peer ? "closed by the peer" : "closed here";
  const sent = peer ? "received" : "sent";
  return alert === "encrypted" ? `encrypted alert ${sent}` : `${alertName(alert)} (alert ${sent})`;
}
