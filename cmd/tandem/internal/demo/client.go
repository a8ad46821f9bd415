package demo

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"strconv"
	"strings"
	"time"
)

// fetch returns the size of a page, whose whole text it reads. It asks no proxy.
func fetch(ctx context.Context, address string) (int, error) {
	host, path, _ := strings.Cut(strings.TrimPrefix(address, "http://"), "/")
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", host)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(pageWithin)); err != nil {
		return 0, err
	}
	if _, err := fmt.Fprintf(conn, "GET /%s HTTP/1.0\r\nHost: %s\r\n\r\n", path, host); err != nil {
		return 0, fmt.Errorf("%s: %w", address, err)
	}
	size, err := readPage(bufio.NewReader(conn))
	if err != nil {
		return 0, fmt.Errorf("%s: %w", address, err)
	}
	return size, nil
}

// readPage reads what a server of pages replies and returns the size of its text.
func readPage(in *bufio.Reader) (int, error) {
	reply := textproto.NewReader(in)
	line, err := reply.ReadLine()
	if err != nil {
		return 0, err
	}
	if _, status, _ := strings.Cut(line, " "); status != "200 OK" {
		return 0, fmt.Errorf("the server says %q", status)
	}
	header, err := reply.ReadMIMEHeader()
	if err != nil {
		return 0, err
	}
	size, err := strconv.ParseInt(header.Get("Content-Length"), 10, 32)
	if err != nil {
		return 0, err
	}
	n, err := io.CopyN(io.Discard, in, size)
	return int(n), err
}
