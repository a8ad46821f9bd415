package examples_test

import (
	"bufio"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// A crash and a hang each cost the request that they hit, also beside others.
func TestService(t *testing.T) {
	server := exec.Command(filepath.Join(bin, "service"), "-addr", "127.0.0.1:0", "-timeout", "1s")
	stderr, err := server.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	kill := time.AfterFunc(patience, func() { _ = server.Process.Kill() })
	defer kill.Stop()
	line, err := bufio.NewReader(stderr).ReadString('\n')
	_, base, found := strings.Cut(strings.TrimSpace(line), "listening on ")
	if err != nil || !found {
		t.Fatalf("the server says %q, %v", line, err)
	}

	var requests sync.WaitGroup
	for range 3 {
		for query, want := range map[string]string{
			"below=100": "200 25\n", "below=1000000": "200 78498\n", "below=x": `400 below is "x"`,
			"below=13": "502 ", "below=7": "504 ",
		} {
			requests.Go(func() {
				if got := get(base + "/primes?" + query); !strings.HasPrefix(got, want) {
					t.Errorf("%s: %q, want %q", query, got, want)
				}
			})
		}
	}
	requests.Wait()
	if err := server.Process.Signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	if err := server.Wait(); err != nil {
		t.Errorf("the server ended with %v", err)
	}
}

// get returns the status and the text of an answer.
func get(url string) string {
	answer, err := http.Get(url)
	if err != nil {
		return err.Error()
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return err.Error()
	}
	return answer.Status[:4] + string(body)
}
