/** A fault done to a real thing, and its guaranteed end. */

export interface Injector {
  readonly name: string;
  /** Unit of the intensity. */
  readonly unit: string;
  /**
   * Resolves once the fault is in force. Disposing the result puts back what was there before, and may be done twice.
   *
   * @throws IoError when it cannot be put in force; then nothing was changed. The signal's reason when aborted before.
   */
  inject(intensity: number, signal?: AbortSignal): Promise<Injected>;
}

export interface Injected extends AsyncDisposable {
  /** For a report: what was done, with numbers and units. */
  readonly description: string;
}
