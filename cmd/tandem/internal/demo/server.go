package demo

import (
	"bufio"
	"fmt"
	"net"
	"net/textproto"
	"strings"
	"sync"
	"time"
)

// pages is a server on this machine that answers after a delay. It knows as much of
// HTTP as that takes, one page for each connection: package net/http and the
// cryptography behind it would be in the start of every tandem command.
type pages struct {
	listener net.Listener
	serving  sync.WaitGroup
}

// pageWithin bounds how long a page may take, at either end. Longer waits for a client
// or a server that hangs; shorter fails on a busy machine.
const pageWithin = 20 * time.Second

// body is what every page contains.
var body = strings.Repeat("tandem ", 300)

// servePages starts a server. Close it.
func servePages() (*pages, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("server for the pages: %w", err)
	}
	p := &pages{listener: listener}
	p.serving.Go(p.serve)
	return p, nil
}

// serve answers connections until the listener is closed. When it cannot accept them
// any more it closes the listener, so that clients are refused and do not wait.
func (p *pages) serve() {
	defer p.listener.Close()
	for {
		conn, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.serving.Go(func() {
			defer conn.Close()
			_ = answer(conn) // a client that left needs no answer
		})
	}
}

// answer waits as long as the path of the request says, which is what makes work
// waiting work.
func answer(conn net.Conn) error {
	if err := conn.SetDeadline(time.Now().Add(pageWithin)); err != nil {
		return err
	}
	request := textproto.NewReader(bufio.NewReader(conn))
	line, err := request.ReadLine()
	if err != nil {
		return err
	}
	if _, err := request.ReadMIMEHeader(); err != nil {
		return err
	}
	var text string
	if _, err := fmt.Sscanf(line, "GET /%s HTTP/", &text); err != nil {
		return reply(conn, "400 Bad Request", "want GET /DELAY")
	}
	delay, err := time.ParseDuration(text)
	if err != nil {
		return reply(conn, "400 Bad Request", err.Error())
	}
	time.Sleep(delay)
	return reply(conn, "200 OK", body)
}

// reply writes what ends a connection.
func reply(conn net.Conn, status, text string) error {
	_, err := fmt.Fprintf(conn, "HTTP/1.0 %s\r\nContent-Length: %d\r\n\r\n%s", status, len(text), text)
	return err
}

// page returns the address of a page that comes after a delay.
func (p *pages) page(delay time.Duration) string {
	return fmt.Sprintf("http://%s/%s", p.listener.Addr(), delay)
}

// close ends the server and returns when it has answered what it was asked.
func (p *pages) close() error {
	err := p.listener.Close()
	p.serving.Wait()
	return err
}
