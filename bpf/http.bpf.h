/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What the first bytes of a packet say of HTTP, where they are in the clear. */
#ifndef HTTP_BPF_H
#define HTTP_BPF_H

#include "packet.bpf.h"

struct http_start {
	__u8 bytes[16]; /* zero where the packet is shorter */
};

static __always_inline void read_http_start(struct __sk_buff *skb, struct packet *p, struct http_start *start)
{
	/* A frame of HTTP/2 may be as short as its header. */
	if (p->length >= sizeof(*start))
		bpf_skb_load_bytes(skb, p->payload, start->bytes, sizeof(*start));
	else if (p->length >= 9)
		bpf_skb_load_bytes(skb, p->payload, start->bytes, 9);
}

static __always_inline __u64 word(const struct http_start *start, int i)
{
	__u64 value;

	__builtin_memcpy(&value, &start->bytes[i * 8], sizeof(value));
	return value;
}

/* What an HTTP/2 client sends first (RFC 9113, 3.4); gRPC is HTTP/2. */
static __always_inline int is_http2_preface(const struct http_start *start)
{
	return word(start, 0) == 0x5448202a20495250ULL /* "PRI * HT" */ && word(start, 1) == 0x0a0d302e322f5054ULL /* "TP/2.0\r\n" */;
}

/* A packet that begins with a whole frame, of a kind that clients send: for connections whose preface was not seen. */
static __always_inline int is_http2_frame(const struct http_start *start, __u32 packet_length)
{
	const __u8 *b = start->bytes;
	__u32 length = b[0] << 16 | b[1] << 8 | b[2], stream = (__u32)b[5] << 24 | b[6] << 16 | b[7] << 8 | b[8];

	if (packet_length < 9 || length + 9 > packet_length || stream >> 31)
		return 0;
	switch (b[3]) {
	case 0: /* DATA */
	case 1: /* HEADERS */
		return length > 0 && stream & 1 && !(b[4] & ~0x2d);
	case 4: /* SETTINGS; its acknowledgement is empty */
		return stream == 0 && b[4] == 1 && length == 0 && packet_length != 9 + 256;
	case 6: /* PING */
		return stream == 0 && length == 8 && b[4] < 2;
	case 8: /* WINDOW_UPDATE */
		return length == 4 && b[4] == 0;
	default:
		return 0;
	}
}

/* Capitals, as every method of HTTP begins with. */
static __always_inline int is_method(const struct http_start *start)
{
	for (int i = 0; i < 3; i++) {
		if (start->bytes[i] < 'A' || start->bytes[i] > 'Z')
			return 0;
	}
	return 1;
}

/* "HTTP/1.1 1": an informational status. */
static __always_inline int is_1xx(const struct http_start *start)
{
	return word(start, 0) == 0x312e312f50545448ULL && start->bytes[8] == ' ' && start->bytes[9] == '1';
}

static __always_inline int is_switching(const struct http_start *start)
{
	return is_1xx(start) && start->bytes[10] == '0' && start->bytes[11] == '1';
}

/* A packet that is a short 100 or 102 and nothing else: too short to have the answer behind it. */
static __always_inline int is_informational(const struct http_start *start, __u32 packet_length)
{
	return is_1xx(start) && !is_switching(start) && packet_length <= 64;
}

#endif
