package tandem

import (
	"context"
	"reflect"
	"sync"
)

// fakeBody is a body of any size whose calls run fn. It records outcomes.
type fakeBody struct {
	fn    func(ctx context.Context, i int32) error
	batch *Batch

	mu       sync.Mutex
	claimed  map[int32]bool
	outcomes map[int32][]error
	all      sync.WaitGroup // open until each call has an outcome
}

// newFake returns a batch of size calls; one of several is like that of a Map.
func newFake(ex Executor, size int, fn func(ctx context.Context, i int32) error) *fakeBody {
	f := &fakeBody{fn: fn, claimed: map[int32]bool{}, outcomes: map[int32][]error{}}
	f.batch = &Batch{name: "fake", body: f, ctx: context.Background(), opts: new(callOptions), size: int32(size), executor: ex, refuse: true, mapped: size > 1}
	f.all.Add(size)
	return f
}

func (f *fakeBody) publish(i int32, err error) {
	f.mu.Lock()
	f.outcomes[i] = append(f.outcomes[i], err)
	first := len(f.outcomes[i]) == 1
	f.mu.Unlock()
	if first {
		f.all.Done()
	}
}

func (f *fakeBody) claim(i int32) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	won := !f.claimed[i]
	f.claimed[i] = true
	return won
}

func (f *fakeBody) unclaim(i int32) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.claimed[i] = false
}

func (f *fakeBody) invoke(ctx context.Context, i int32) error {
	err := f.fn(ctx, i)
	if !f.claim(i) {
		return errGivenUp
	}
	return err
}

// wrong returns the calls that do not have exactly one outcome without error.
func (f *fakeBody) wrong() []int32 {
	f.mu.Lock()
	defer f.mu.Unlock()
	var wrong []int32
	for i := range f.batch.size {
		if o := f.outcomes[i]; len(o) != 1 || o[0] != nil {
			wrong = append(wrong, i)
		}
	}
	return wrong
}

func (f *fakeBody) context(r *runner) *callContext {
	return &callContext{parent: f.batch.ctx, runner: r}
}

func (f *fakeBody) serve(r *runner) error {
	for r.begin(f.batch) {
		if err := r.invoke(); err != nil {
			return err
		}
		f.publish(r.index, nil)
	}
	return nil
}

func (f *fakeBody) types() (in, out reflect.Type)                            { return nil, nil }
func (f *fakeBody) input(int32) any                                          { return nil }
func (f *fakeBody) appendInput(dst []byte, _ Codec, _ int32) ([]byte, error) { return dst, nil }
func (f *fakeBody) decode(Codec, []byte, int32) error                        { return nil }
func (f *fakeBody) setValue(any, int32) error                                { return nil }
func (f *fakeBody) runnable() bool                                           { return true }
func (f *fakeBody) halt(error)                                               {}
