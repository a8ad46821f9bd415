// Command hybrid fetches pages on goroutines, which wait, and hashes them in
// worker processes, which compute. The two maps are connected by nothing but
// an iterator: a slow second stage slows the first one down.
package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"iter"
	"log"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/process"
	"github.com/gotandem/tandem/worker"
)

var fetch = tandem.Func(func(ctx context.Context, url string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	return io.ReadAll(response.Body)
})

var digest = tandem.Define("digest", func(_ context.Context, page []byte) (string, error) {
	sum := sha256.Sum256(page)
	for range 10_000 { // stands for real work
		sum = sha256.Sum256(sum[:])
	}
	return hex.EncodeToString(sum[:4]), nil
})

func main() {
	worker.Main(digest)

	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(20 * time.Millisecond) // stands for a network
		fmt.Fprintf(w, "this is page %s", r.URL.Path)
	}))
	defer server.Close()
	if err := run(context.Background(), server.URL); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, base string) error {
	threads := tandem.NewLocal(tandem.LocalConfig{Threads: 16})
	defer threads.Close(ctx)
	processes, err := process.New(process.Config{Workers: 2})
	if err != nil {
		return err
	}
	defer processes.Close(ctx)

	pages := succeeded(tandem.Map(ctx, threads, fetch, urls(base, 40)))
	for sum, err := range tandem.Map(ctx, processes, digest, pages) {
		if err != nil {
			return err
		}
		fmt.Println(sum)
	}
	return nil
}

func urls(base string, n int) iter.Seq[string] {
	return func(yield func(string) bool) {
		for i := range n {
			if !yield(fmt.Sprintf("%s/%d", base, i)) {
				return
			}
		}
	}
}

// succeeded passes on the values and reports the errors.
func succeeded[T any](outcomes iter.Seq2[T, error]) iter.Seq[T] {
	return func(yield func(T) bool) {
		for value, err := range outcomes {
			if err != nil {
				log.Print(err)
				continue
			}
			if !yield(value) {
				return
			}
		}
	}
}
