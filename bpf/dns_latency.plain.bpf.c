// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* dns_latency without BTF: owned by whoever made the socket, connected it or last sent a datagram with it. */
#define LLM_SLO_PLAIN
#include "dns_latency.bpf.c"
