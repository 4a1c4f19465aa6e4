// TLS by Go's own library, for tests: serve CERT KEY | get CA HOST:PORT TIMES. A server writes its port first, and
// answers /late after 60 ms.
package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

func answer(conn net.Conn) {
	defer conn.Close()
	reader := bufio.NewReader(conn)
	late := false
	for {
		line, err := reader.ReadString('\n')
		if err != nil {
			return
		}
		late = late || strings.Contains(line, " /late ")
		if strings.TrimSpace(line) == "" {
			break
		}
	}
	if late {
		time.Sleep(60 * time.Millisecond)
	}
	fmt.Fprint(conn, "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
}

func serve(cert, key string) error {
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return err
	}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{pair}})
	if err != nil {
		return err
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	for {
		conn, err := listener.Accept()
		if err != nil {
			return err
		}
		go answer(conn)
	}
}

func get(ca, address string, times int) error {
	pem, err := os.ReadFile(ca)
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	for i := 0; i < times; i++ {
		conn, err := tls.Dial("tcp", address, &tls.Config{RootCAs: roots, ServerName: "localhost"})
		if err != nil {
			return err
		}
		fmt.Fprint(conn, "GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")
		_, err = bufio.NewReader(conn).ReadString('\n')
		conn.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

func main() {
	var err error
	if os.Args[1] == "serve" {
		err = serve(os.Args[2], os.Args[3])
	} else {
		times, _ := strconv.Atoi(os.Args[4])
		err = get(os.Args[2], os.Args[3], times)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
