//go:build unix

package process_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/process"
)

func TestHugeValuesBothWays(t *testing.T) {
	ex := leakless(t, process.Config{Workers: 2})
	const n = 64 << 20
	in := submit(t, ex, size, make([]byte, n))
	out := submit(t, ex, mirror, n)
	for i := range 100 {
		expect(t, submit(t, ex, double, i), 2*i)
	}
	expect(t, in, n)
	if b, err := out.Wait(within(t)); err != nil || len(b) != n {
		t.Errorf("%d bytes, %v", len(b), err)
	}
}

func TestTooLargeCostsTheCallOnly(t *testing.T) {
	for name, limit := range map[string]int{"64 KiB": 64 << 10, "1 KiB": 1 << 10} {
		t.Run(name, func(t *testing.T) {
			ex := leakless(t, process.Config{Workers: 1, MaxFrame: int64(limit)})
			var others []*tandem.Future[int]
			other := func() {
				for i := range 100 {
					others = append(others, submit(t, ex, double, i))
				}
			}
			other()
			in := submit(t, ex, size, make([]byte, limit))
			other()
			out := submit(t, ex, mirror, limit)
			other()
			expectFailure(t, in, tandem.ErrTooLarge, tandem.NotStarted)
			expectFailure(t, out, tandem.ErrTooLarge, tandem.Finished)
			for i, f := range others {
				expect(t, f, 2*(i%100))
			}
			expect(t, submit(t, ex, size, make([]byte, limit-100)), limit-100)
			if n := ex.Stats().Restarts; n != 0 {
				t.Errorf("%d restarts", n)
			}
		})
	}
}

// An error's text is no value: it is cut, and the worker goes on.
func TestHugeErrorTextIsCut(t *testing.T) {
	ex := leakless(t, process.Config{Workers: 1, MaxFrame: 1 << 20})
	_, err := tandem.Run(within(t), ex, act, action{Do: "fail", Text: strings.Repeat("\x01", 900<<10)})
	remote, own := errors.AsType[*tandem.RemoteError](err)
	if !own || len(remote.Message) > 100<<10 || !strings.HasSuffix(remote.Message, "bytes more)") {
		t.Errorf("%T with %d bytes", err, len(err.Error()))
	}
	if n := ex.Stats().Restarts; n != 0 {
		t.Errorf("%d restarts", n)
	}
}
