/**
 * The two parts of Loader's (2000) saddle point form of gamma and beta densities: both small where the density is large, so that no
 * logarithms of large factorials are subtracted.
 */

/** log of z! less Stirling's formula for it. */
export function stirlingError(z: number): number {
  let total = 0;
  for (; z < 16; z++) total += (z + 0.5) * Math.log1p(1 / z) - 1;
  const s = 1 / (z * z);
  return total + (1 / 12 - s * (1 / 360 - s * (1 / 1260 - s * (1 / 1680 - s * (1 / 1188 - s * 691 / 360_360))))) / z;
}

/**
 * k log(k/mean) + mean - k, by a series where the terms would cancel.
 * @param excess k - mean, given apart because the caller may know it better
 */
export function deviance(k: number, mean: number, excess = k - mean): number {
  const v = excess / (k + mean);
  if (Math.abs(v) > 0.1) return k * Math.log(k / mean) - excess;
  let power = 2 * k * v;
  let total = excess * v;
  for (let j = 3; Math.abs(power) > Math.abs(total) * 1e-17; j += 2) {
    power *= v * v;
    total += power / j;
  }
  return total;
}
