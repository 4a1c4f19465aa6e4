/** A copy as floats; what is no number, as in data that was never checked, is NaN and not 0. */
export function floats(values: Iterable<number>): Float64Array {
  if (values instanceof Float64Array) return values.slice();
  const list = Array.isArray(values) ? values as readonly number[] : Array.from(values);
  const copy = new Float64Array(list.length);
  for (let i = 0; i < list.length; i++) copy[i] = typeof list[i] === "number" ? list[i]! : NaN;
  return copy;
}
