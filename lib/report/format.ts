/** Numbers as a person reads them: three significant digits, the unit beside them, "-" for what is not known. */

function digits(value: number): string {
  const size = Math.abs(value);
  if (size >= 99.95) return value.toFixed(0);
  return size >= 9.995 ? value.toFixed(1) : value.toFixed(2);
}

/** A duration given in milliseconds: `0.42 ms`, `152 ms`, `1.04 s`, `2 min 5 s`. */
export function ms(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return "-";
  const size = Math.abs(value);
  if (size === 0) return "0 ms";
  if (size < 0.005) return "<0.01 ms";
  if (size < 999.5) return `${digits(value)} ms`;
  if (size < 59_950) return `${digits(value / 1000)} s`;
  const seconds = Math.round(size / 1000);
  const rest = seconds % 60;
  return `${value < 0 ? "-" : ""}${Math.floor(seconds / 60)} min${rest === 0 ? "" : ` ${rest} s`}`;
}

/** A span of time in milliseconds without needless digits: `20 s`, `1.5 s`, `5 min`. */
export function duration(value: number): string {
  return ms(value).replace(/\.0+ /, " ").replace(/(\.\d*[1-9])0+ /, "$1 ");
}

const BYTE_UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

/** A size given in bytes, in powers of 1024: `512 B`, `1.50 KiB`. */
export function bytes(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return "-";
  let unit = 0;
  while (Math.abs(value) >= 1024 && unit < BYTE_UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value.toFixed(0) : digits(value)} ${BYTE_UNITS[unit]}`;
}

/** A ratio (0.034) as `3.4 %`. */
export function percent(ratio: number | null | undefined): string {
  if (ratio === null || ratio === undefined || !Number.isFinite(ratio)) return "-";
  const value = ratio * 100;
  const size = Math.abs(value);
  return `${size !== 0 && size < 0.95 ? value.toFixed(2) : size >= 9.95 ? value.toFixed(0) : value.toFixed(1)} %`;
}

/** An integer with thin groups: `12 345`. */
export function count(value: number | bigint | null | undefined): string {
  if (value === null || value === undefined) return "-";
  return String(value).replace(/\B(?=(\d{3})+$)/g, " ");
}

/** `1 query`, `12 queries`. */
export function plural(n: number, one: string, many = `${one}s`): string {
  return `${count(n)} ${n === 1 ? one : many}`;
}

/** `10.0.0.1:80`, `[::1]:80`; without a port (0) the address alone. */
export function endpoint(ip: string, port: number): string {
  if (port === 0) return ip;
  return ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`;
}
