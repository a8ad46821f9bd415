package tandemtest

import (
	"bytes"

	"github.com/gotandem/tandem"
)

var valueScenarios = []scenario{
	{name: "Value/empty", run: valueEmpty},
	{name: "Value/huge", run: valueHuge},
	{name: "Value/huge in a Map", run: valueHugeMap},
	{name: "Value/input without a form", needs: encodesValues, run: badInput},
	{name: "Value/result without a form", needs: encodesValues, run: badResult},
	{name: "Value/any", needs: func(c Capabilities) bool { return c.Values }, run: valueAny},
	{name: "Value/copied", needs: sharesNot, run: valueCopied},
}

func valueEmpty(e *env) {
	if out := value(e, submit(e, e.tasks.Echo, []byte{})); len(out) != 0 {
		e.Errorf("echo of nothing: %q", out)
	}
	if out := value(e, submit(e, e.tasks.Echo, nil)); len(out) != 0 {
		e.Errorf("echo of nil: %q", out)
	}
}

// pattern returns n bytes that differ from those of another seed.
func pattern(n int, seed byte) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i>>8) ^ byte(i*7) ^ seed
	}
	return b
}

const huge = 8 << 20

func valueHuge(e *env) {
	for seed := range byte(2) {
		in := pattern(huge, seed)
		if out := value(e, submit(e, e.tasks.Echo, in)); !bytes.Equal(in, out) {
			e.Errorf("echo of %d bytes differs", len(in))
		}
	}
}

// Small and large values may travel together.
func valueHugeMap(e *env) {
	sizes := []int{1, huge / 2, 10, 0, huge / 4, 100_000, 5}
	in := func(yield func([]byte) bool) {
		for i, n := range sizes {
			if !yield(pattern(n, byte(i))) {
				return
			}
		}
	}
	i := 0
	for out, err := range tandem.Map(e.ctx, e.ex, e.tasks.Echo, in) {
		if err != nil || !bytes.Equal(out, pattern(sizes[i], byte(i))) {
			e.Errorf("outcome %d: %d bytes, %v", i, len(out), err)
		}
		i++
	}
	if i != len(sizes) {
		e.Errorf("%d outcomes, want %d", i, len(sizes))
	}
}

// A value that cannot be sent fails its call before that starts, and no other.
func badInput(e *env) {
	f := submit(e, e.tasks.Accept, any(make(chan int)), tandem.Retries(2))
	e.expect(failure(e, f), tandem.ErrBadInput, tandem.NotStarted)
	in := func(yield func(any) bool) { _ = yield(1) && yield(make(chan int)) && yield(2) }
	for r := range tandem.Results(e.ctx, e.ex, e.tasks.Accept, in) {
		if r.Index == 1 {
			e.expect(r.Err, tandem.ErrBadInput, tandem.NotStarted)
		} else if r.Err != nil {
			e.Errorf("call %d: %v", r.Index, r.Err)
		}
	}
	e.counts(2, 2, 0)
}

// A result that cannot be sent says that the task has ended.
func badResult(e *env) {
	err := failure(e, submit(e, e.tasks.Unencodable, 1))
	e.expect(err, tandem.ErrBadResult, tandem.Finished)
	value(e, submit(e, e.tasks.Double, 1))
	e.counts(1, 1, 0)
}

func valueAny(e *env) {
	if v := value(e, submit(e, e.tasks.Accept, any(make(chan int)))); v != 1 {
		e.Errorf("accept of a channel: %v", v)
	}
	if _, ok := value(e, submit(e, e.tasks.Unencodable, 1)).(chan int); !ok {
		e.Error("result is not the channel")
	}
}

// The outcome is not the input's memory.
func valueCopied(e *env) {
	in := pattern(1<<20, 1)
	out := value(e, submit(e, e.tasks.Echo, in))
	clear(in)
	if !bytes.Equal(out, pattern(1<<20, 1)) {
		e.Error("outcome changes with the input")
	}
}
