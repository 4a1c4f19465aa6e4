/** @throws RangeError when an option has none of its values; types cannot keep that out of data */
export function oneOf(name: string, value: string, values: readonly string[]): void {
  if (!values.includes(value)) {
    throw new RangeError(`Cannot use "${name} ${value}": it is none of ${values.join(", ")}`);
  }
}
