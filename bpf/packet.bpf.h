/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Reads the IP and transport headers of a packet seen by a cgroup_skb program, where offset 0 is the IP header. */
#ifndef PACKET_BPF_H
#define PACKET_BPF_H

#include "probe.bpf.h"
#include <bpf/bpf_endian.h>

#define TCP_FLAG_FIN 0x01
#define TCP_FLAG_SYN 0x02
#define TCP_FLAG_RST 0x04
#define TCP_FLAG_ACK 0x10

struct packet {
	struct llm_slo_tuple tuple; /* src is the sender of this packet */
	__u32 payload; /* offset of the payload */
	__u32 length; /* bytes of payload */
	__u32 tcp_flags;
	__u32 sequence; /* of the first byte of payload */
	__u32 acknowledged; /* what its sender has received, in order */
};

/*
 * TCP over IPv4 without options, where its headers lie in one piece: nearly every packet of most machines, and read without a helper's
 * calls, which would be most of the cost. 0: it is something else, or has to be read with them.
 */
static __always_inline int read_plain_tcp(struct __sk_buff *skb, struct packet *p)
{
	__u8 *bytes = (__u8 *)(long)skb->data;
	__u32 *words = (__u32 *)bytes;

	if (bytes + 40 > (__u8 *)(long)skb->data_end || bytes[0] != 0x45 || bytes[9] != IPPROTO_TCP)
		return 0;
	p->tuple.src[10] = p->tuple.src[11] = p->tuple.dst[10] = p->tuple.dst[11] = 0xff;
	__builtin_memcpy(&p->tuple.src[12], &words[3], 4);
	__builtin_memcpy(&p->tuple.dst[12], &words[4], 4);
	p->tuple.protocol = IPPROTO_TCP;
	p->tuple.src_port = bpf_ntohl(words[5]) >> 16;
	p->tuple.dst_port = bpf_ntohl(words[5]) & 0xffff;
	p->sequence = bpf_ntohl(words[6]);
	p->acknowledged = bpf_ntohl(words[7]);
	p->tcp_flags = bytes[33];
	p->payload = 20 + (bytes[32] >> 4) * 4;
	p->length = skb->len > p->payload ? skb->len - p->payload : 0; /* not the header's length: GSO and BIG TCP */
	return 1;
}

/* 1 when the packet is TCP or UDP over IPv4 or IPv6 without extension headers. */
static __always_inline int read_packet(struct __sk_buff *skb, struct packet *p)
{
	__u8 head[40] = {};
	__u8 tcp[14] = {};
	__u32 at;
	__u8 protocol;

	if (read_plain_tcp(skb, p))
		return 1;
	if (bpf_skb_load_bytes(skb, 0, head, 20))
		return 0;
	if ((head[0] >> 4) == 4) {
		at = (head[0] & 0x0f) * 4;
		protocol = head[9];
		p->tuple.src[10] = p->tuple.src[11] = p->tuple.dst[10] = p->tuple.dst[11] = 0xff;
		__builtin_memcpy(&p->tuple.src[12], &head[12], 4);
		__builtin_memcpy(&p->tuple.dst[12], &head[16], 4);
	} else if ((head[0] >> 4) == 6) {
		if (bpf_skb_load_bytes(skb, 0, head, 40))
			return 0;
		at = 40;
		protocol = head[6];
		__builtin_memcpy(p->tuple.src, &head[8], 16);
		__builtin_memcpy(p->tuple.dst, &head[24], 16);
	} else {
		return 0;
	}
	if (protocol != IPPROTO_TCP && protocol != IPPROTO_UDP)
		return 0;
	if (bpf_skb_load_bytes(skb, at, tcp, protocol == IPPROTO_TCP ? 14 : 8))
		return 0;
	p->tuple.protocol = protocol;
	p->tuple.src_port = (tcp[0] << 8) | tcp[1];
	p->tuple.dst_port = (tcp[2] << 8) | tcp[3];
	if (protocol == IPPROTO_TCP) {
		p->tcp_flags = tcp[13];
		p->sequence = ((__u32)tcp[4] << 24) | (tcp[5] << 16) | (tcp[6] << 8) | tcp[7];
		p->acknowledged = ((__u32)tcp[8] << 24) | (tcp[9] << 16) | (tcp[10] << 8) | tcp[11];
		p->payload = at + (tcp[12] >> 4) * 4;
	} else {
		p->payload = at + 8;
	}
	p->length = skb->len > p->payload ? skb->len - p->payload : 0;
	return 1;
}

/* The same tuple as its receiver sees it. */
static __always_inline void turn_around(struct llm_slo_tuple *out, const struct llm_slo_tuple *in)
{
	__builtin_memcpy(out->src, in->dst, 16);
	__builtin_memcpy(out->dst, in->src, 16);
	out->src_port = in->dst_port;
	out->dst_port = in->src_port;
	out->protocol = in->protocol;
	out->reserved = 0;
}

#endif
