/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Reads addresses and ports out of a kernel socket. */
#ifndef SOCKET_BPF_H
#define SOCKET_BPF_H

#include "probe.bpf.h"

static __always_inline __u32 netns_of(struct sock *sk)
{
	return BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
}

/* src is the socket's own end. A request_sock has the same sock_common at its start and can be read as a sock. */
static __always_inline void fill_socket_tuple(struct llm_slo_tuple *tuple, struct sock *sk)
{
	tuple->protocol = IPPROTO_TCP;
	tuple->src_port = BPF_CORE_READ(sk, __sk_common.skc_num);
	tuple->dst_port = __builtin_bswap16(BPF_CORE_READ(sk, __sk_common.skc_dport));
	if (BPF_CORE_READ(sk, __sk_common.skc_family) == AF_INET) {
		tuple->src[10] = tuple->src[11] = tuple->dst[10] = tuple->dst[11] = 0xff;
		bpf_core_read(&tuple->src[12], 4, &sk->__sk_common.skc_rcv_saddr);
		bpf_core_read(&tuple->dst[12], 4, &sk->__sk_common.skc_daddr);
	} else {
		bpf_core_read(&tuple->src, 16, &sk->__sk_common.skc_v6_rcv_saddr);
		bpf_core_read(&tuple->dst, 16, &sk->__sk_common.skc_v6_daddr);
	}
}

#endif
