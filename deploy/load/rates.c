// SPDX-License-Identifier: Apache-2.0
/*
 * A load with known rates that counts what it did: rates WHAT PER_SECOND SECONDS. Prints one JSON object.
 *
 *   switches  a byte to and fro between two processes on one CPU: context switches (0: as fast as it goes)
 *   packets   datagrams to itself over the loopback, each one seen going out and coming in
 *   dns       queries to 127.77.0.99:53, answered by a child: one after the other
 *   connects  TCP connects to a child that accepts and closes
 *   syns      connects to a listener that has no room: their SYNs are sent again
 *   turns     a byte there and back on one TCP connection
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STEP_NS 1000000L

static long now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000L + time.tv_nsec;
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

/* Waits until what was done so far is due. */
static void pace(long start, long done, long per_second)
{
	long due, late;
	struct timespec rest;

	if (per_second == 0)
		return;
	due = start + (long)((double)done / per_second * 1e9);
	late = due - now_ns();
	if (late < STEP_NS)
		return;
	rest.tv_sec = late / 1000000000L;
	rest.tv_nsec = late % 1000000000L;
	nanosleep(&rest, NULL);
}

static pid_t child(void)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (pid == 0)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

/* Nanoseconds that a process of one thread waited for a CPU, as the scheduler counts them. */
static long delay_of(pid_t pid)
{
	char path[64];
	long ran = 0, delay = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/schedstat", pid);
	file = fopen(path, "r");
	if (!file || fscanf(file, "%ld %ld", &ran, &delay) != 2)
		die(path);
	fclose(file);
	return delay;
}

static long switches_of(int who)
{
	struct rusage usage;

	getrusage(who, &usage);
	return usage.ru_nvcsw + usage.ru_nivcsw;
}

static void to_and_fro(int out, int in, int other_out, int other_in, long per_second, long seconds, const char *what)
{
	long start, end, delay, at, rounds = 0;
	char byte = 0;
	pid_t other = child();

	if (other == 0) {
		close(out);
		close(in);
		while (read(other_in, &byte, 1) == 1)
			if (write(other_out, &byte, 1) != 1)
				break;
		_exit(0);
	}
	close(other_out);
	if (other_in != other_out)
		close(other_in);
	start = now_ns();
	for (end = start + seconds * 1000000000L; now_ns() < end; rounds++) {
		if (write(out, &byte, 1) != 1 || read(in, &byte, 1) != 1)
			die("to and fro");
		pace(start, 2 * rounds, per_second);
	}
	delay = delay_of(getpid()) + delay_of(other);
	at = now_ns();
	close(out);
	if (in != out)
		close(in);
	waitpid(other, NULL, 0);
	printf("{\"%s\":%ld,\"rounds\":%ld,\"delay_ns\":%ld,\"at_ns\":%ld,\"pid\":%d,\"other\":%d}\n", what,
	       switches_of(RUSAGE_SELF) + switches_of(RUSAGE_CHILDREN), rounds, delay, at, getpid(), other);
}

static void switches(long per_second, long seconds)
{
	int there[2], back[2];

	pin(0);
	if (pipe(there) || pipe(back))
		die("pipe");
	to_and_fro(there[1], back[0], back[1], there[0], per_second, seconds, "switches");
}

static struct sockaddr_in loopback(const char *ip, int port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };

	inet_pton(AF_INET, ip, &address.sin_addr);
	return address;
}

static int bound(int type, struct sockaddr_in *address)
{
	int fd = socket(AF_INET, type, 0), one = 1;
	socklen_t length = sizeof(*address);

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (fd < 0 || bind(fd, (void *)address, length) || getsockname(fd, (void *)address, &length))
		die("bind");
	return fd;
}

static void packets(long per_second, long seconds)
{
	struct sockaddr_in address = loopback("127.0.0.1", 0);
	int fd = bound(SOCK_DGRAM, &address);
	long start = now_ns(), end = start + seconds * 1000000000L, sent = 0;
	char bytes[64] = {};

	if (connect(fd, (void *)&address, sizeof(address)))
		die("connect");
	for (; now_ns() < end; sent++) {
		if (send(fd, bytes, sizeof(bytes), 0) < 0 || recv(fd, bytes, sizeof(bytes), 0) < 0)
			die("datagram");
		pace(start, 2 * sent, per_second);
	}
	printf("{\"packets\":%ld}\n", 2 * sent);
}

static void dns(long per_second, long seconds)
{
	struct sockaddr_in address = loopback("127.77.0.99", 53), asker;
	int server = bound(SOCK_DGRAM, &address), client = socket(AF_INET, SOCK_DGRAM, 0);
	unsigned char query[] = { 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 5, 'r', 'a', 't', 'e', 's', 4, 't', 'e', 's', 't', 0, 0, 1, 0, 1 };
	socklen_t length = sizeof(asker);
	unsigned char bytes[512];
	long start, end, asked = 0;
	pid_t other = child();

	if (other == 0) {
		for (;;) {
			ssize_t size = recvfrom(server, bytes, sizeof(bytes), 0, (void *)&asker, &length);

			bytes[2] |= 0x80;
			sendto(server, bytes, size, 0, (void *)&asker, length);
		}
	}
	if (connect(client, (void *)&address, sizeof(address)))
		die("connect");
	start = now_ns();
	for (end = start + seconds * 1000000000L; now_ns() < end; asked++) {
		query[0] = asked >> 8;
		query[1] = asked;
		if (send(client, query, sizeof(query), 0) < 0 || recv(client, bytes, sizeof(bytes), 0) < 0)
			die("query");
		pace(start, asked, per_second);
	}
	kill(other, SIGKILL);
	waitpid(other, NULL, 0);
	printf("{\"queries\":%ld}\n", asked);
}

static void connects(long per_second, long seconds)
{
	struct sockaddr_in address = loopback("127.0.0.1", 0);
	int listener = bound(SOCK_STREAM, &address);
	struct linger reset = { 1, 0 };
	long start, end, made = 0;
	pid_t other;

	listen(listener, 1024);
	other = child();
	if (other == 0)
		for (;;)
			close(accept(listener, NULL, NULL));
	start = now_ns();
	for (end = start + seconds * 1000000000L; now_ns() < end; made++) {
		int fd = socket(AF_INET, SOCK_STREAM, 0);

		if (connect(fd, (void *)&address, sizeof(address)))
			die("connect");
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)); /* leaves no port behind in TIME_WAIT */
		close(fd);
		pace(start, made, per_second);
	}
	kill(other, SIGKILL);
	waitpid(other, NULL, 0);
	printf("{\"connects\":%ld}\n", made);
}

static void syns(long sockets, long seconds)
{
	struct sockaddr_in address = loopback("127.0.0.1", 0);
	int listener = bound(SOCK_STREAM, &address), fds[1024];
	long resent = 0;

	listen(listener, 0);
	for (long i = 0; i < sockets && i < 1024; i++) {
		int fd = fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

		if (connect(fd, (void *)&address, sizeof(address)) && errno != EINPROGRESS)
			die("connect");
	}
	sleep(seconds);
	for (long i = 0; i < sockets && i < 1024; i++) {
		struct tcp_info info = {};
		socklen_t length = sizeof(info);

		getsockopt(fds[i], IPPROTO_TCP, TCP_INFO, &info, &length);
		resent += info.tcpi_total_retrans;
	}
	printf("{\"sockets\":%ld,\"resent\":%ld}\n", sockets, resent);
}

static void turns(long per_second, long seconds)
{
	struct sockaddr_in address = loopback("127.0.0.1", 0);
	int listener = bound(SOCK_STREAM, &address), client = socket(AF_INET, SOCK_STREAM, 0), server, one = 1;

	pin(1);
	if (listen(listener, 1) || connect(client, (void *)&address, sizeof(address)))
		die("connect");
	server = accept(listener, NULL, NULL);
	setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	to_and_fro(client, client, server, server, per_second, seconds, "switches");
}

int main(int count, char **arguments)
{
	static const struct {
		const char *name;
		void (*run)(long, long);
	} all[] = { { "switches", switches }, { "packets", packets },	 { "dns", dns },
		    { "connects", connects }, { "syns", syns }, { "turns", turns } };

	for (unsigned i = 0; count > 3 && i < sizeof(all) / sizeof(*all); i++) {
		if (strcmp(arguments[1], all[i].name))
			continue;
		all[i].run(atol(arguments[2]), atol(arguments[3]));
		return 0;
	}
	fprintf(stderr, "rates switches|packets|dns|connects|syns|turns PER_SECOND SECONDS\n");
	return 2;
}
