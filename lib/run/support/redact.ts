/** Takes out of a text what may be a secret. Pure. */

/** What is shown in place of a secret. */
const HIDDEN = "xxx";

const PATTERNS: readonly (readonly [RegExp, string])[] = [
  // User and password of a URL, and its query.
  [/(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@"']+@/gi, `$1${HIDDEN}@`],
  [/(\bhttps?:\/\/[^\s?"']*\?)[^\s"']+/gi, `$1${HIDDEN}`],
  // key=value, key: value and --key value where the key's name says what it is.
  [
    /((?:secret|token|passw(?:or)?d|api[-_]?key|authorization)["']?\s*[=:]\s*["']?)(?:bearer\s+)?[^\s"',}]+/gi,
    `$1${HIDDEN}`,
  ],
  [/(--[\w-]*(?:secret|token|password|key)\s+)[^\s-]\S*/gi, `$1${HIDDEN}`],
  [/\bbearer\s+[\w.~+/-]+=*/gi, `Bearer ${HIDDEN}`],
];

export function redact(text: string): string {
  return PATTERNS.reduce((out, [pattern, replacement]) => out.replace(pattern, replacement), text);
}

/** Secrets known by their value: wherever they stand, they go. */
export function without(secrets: readonly string[], text: string): string {
  return secrets.filter((secret) => secret !== "").reduce((out, secret) => out.replaceAll(secret, HIDDEN), text);
}
