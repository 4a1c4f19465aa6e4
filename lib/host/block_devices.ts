/** Names of block devices: `254:0` -> `vda`. Remembered; a device that is gone keeps its name. */

const names = new Map<string, string>();

/** The numbers themselves where the device has no name. */
export function blockDeviceName(numbers: string, sys = "/sys"): string {
  const known = names.get(`${sys} ${numbers}`);
  if (known !== undefined) return known;
  try {
    const name = /^DEVNAME=(.+)$/m.exec(Deno.readTextFileSync(`${sys}/dev/block/${numbers}/uevent`))?.[1];
    if (name !== undefined) names.set(`${sys} ${numbers}`, name);
    return name ?? numbers;
  } catch {
    return numbers;
  }
}
