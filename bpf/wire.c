// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Not a probe: one variable of each type of the wire format, so that the BTF of this object describes all of it. */
#include "llm_slo_event.h"

struct llm_slo_event wire_event;
struct llm_slo_tuple wire_tuple;
struct llm_slo_clock wire_clock;
struct llm_slo_stamp wire_stamp;
struct llm_slo_dns wire_dns;
struct llm_slo_connect wire_connect;
struct llm_slo_exchange wire_exchange;
struct llm_slo_tls wire_tls;
struct llm_slo_retransmit wire_retransmit;
struct llm_slo_gap wire_gap;
struct llm_slo_wait wire_wait;
struct llm_slo_wait_sum wire_wait_sum;
struct llm_slo_timer wire_timer;
struct llm_slo_reclaim wire_reclaim;
struct llm_slo_disk wire_disk;
struct llm_slo_syscall wire_syscall;
struct llm_slo_tally_key wire_tally_key;
struct llm_slo_tally wire_tally;
struct llm_slo_thread wire_thread;
struct llm_slo_tuning wire_tuning;
struct llm_slo_config wire_config;
struct llm_slo_timed wire_timed;
enum llm_slo_timing wire_timing;
struct llm_slo_unseen_key wire_unseen_key;
struct llm_slo_unseen wire_unseen;
enum llm_slo_kind wire_kind;
enum llm_slo_unseen_what wire_unseen_what;
enum llm_slo_dns_limit wire_dns_limit;
enum llm_slo_dns_flag wire_dns_flag;
enum llm_slo_exchange_flag wire_exchange_flag;
enum llm_slo_tls_flag wire_tls_flag;
enum llm_slo_retransmit_flag wire_retransmit_flag;
enum llm_slo_reclaim_flag wire_reclaim_flag;
enum llm_slo_disk_flag wire_disk_flag;
enum llm_slo_want wire_want;
enum llm_slo_filter wire_filter;
enum llm_slo_sleep wire_sleep;
enum llm_slo_waits wire_waits;
