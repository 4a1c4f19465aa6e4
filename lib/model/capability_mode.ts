/**
 * How probes are had. `auto`: each as well as this kernel and these rights allow. `core_full`: with the kernel's type information (BTF).
 * `bcc_degraded`: without it, which leaves DNS, first bytes and retransmissions.
 */
export type CapabilityMode = "auto" | "core_full" | "bcc_degraded";
