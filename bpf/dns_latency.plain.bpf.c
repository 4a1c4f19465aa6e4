// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* dns_latency without BTF: datagrams alone, owned by whoever made their socket or last sent with it. */
#define LLM_SLO_PLAIN
#include "dns_latency.bpf.c"
