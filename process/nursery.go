package process

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/internal/osproc"
)

// nursery is the executor's place for its template, across restarts. It has at
// most one, which the first start of a worker starts, and which is replaced by
// the next start of a worker after it has ended.
//
//	none --get--> starting --hello--> serving --it ends, get--> starting
//	                 |  |
//	                 |  +--error--> none
//	                 +--unfit--> spawning (final)
//
// N1: a template is started and ended by the goroutine that put the nursery into
// starting, or by close, which comes after all supervisors have ended.
// N2: once spawning, workers are started one by one for ever.
type nursery struct {
	executor *Executor
	wanted   bool // immutable: the runtime has a template

	mu       sync.Mutex
	current  *template     // guarded by mu: the latest that came up; nil before, and once it was ended
	starting chan struct{} // guarded by mu: closed when the start under way is over; nil without
	failure  error         // guarded by mu: of the latest start
	unfit    string        // guarded by mu: why there is to be no template; empty while there may be
}

// newNursery returns the place for the template that config asks for. The error
// says why there cannot be one, unless that is not required.
func newNursery(ex *Executor) (*nursery, error) {
	n := &nursery{executor: ex}
	r := ex.config.Runtime
	if r == nil || r.Template == nil {
		return n, nil
	}
	n.wanted = true
	if err := osproc.CanAdopt(); err != nil {
		if !r.Template.Optional {
			return nil, fmt.Errorf("%w: process: workers cannot be forked from a template: %w", tandem.ErrUnsupported, err)
		}
		n.unfit = err.Error()
	}
	return n, nil
}

// method says how workers are started, as in tandem.Stats.
func (n *nursery) method() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case !n.wanted:
		return "spawn"
	case n.unfit != "":
		return "spawn: " + n.unfit
	}
	return "template"
}

// get returns the template to fork from, or nil where workers are started one by
// one. It blocks while one is started, by this or another goroutine.
func (n *nursery) get(deadline time.Time) (*template, error) {
	for waited := false; ; waited = true {
		n.mu.Lock()
		t, starting := n.current, n.starting
		switch {
		case !n.wanted || n.unfit != "":
			n.mu.Unlock()
			return nil, nil
		case starting == nil && t != nil && !t.ended():
			n.mu.Unlock()
			return t, nil
		case starting == nil && waited && n.failure != nil:
			err := n.failure
			n.mu.Unlock()
			return nil, err
		case starting == nil:
			n.starting, n.current, n.failure = make(chan struct{}), nil, nil
			n.mu.Unlock()
			return n.start(t, deadline)
		}
		n.mu.Unlock()
		<-starting // bounded by the deadline of who starts, and by the end of the executor
	}
}

// start replaces the template old, if there was one. The caller has put the
// nursery into starting.
func (n *nursery) start(old *template, deadline time.Time) (*template, error) {
	if old != nil {
		old.end(true)
	}
	t, err := n.executor.startTemplate(deadline)
	unfit := ""
	if err == nil {
		if unfit = n.judge(t); unfit != "" {
			t.end(false)
			t = nil
			if !n.executor.config.Runtime.Template.Optional {
				err, unfit = finalError{fmt.Errorf("workers cannot be forked from a template: %s", unfit)}, ""
			}
		}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.current, n.failure, n.unfit = t, err, unfit
	close(n.starting)
	n.starting = nil
	return t, err
}

// judge returns why a template cannot be forked, or "". A thread does not
// survive a fork, but the locks that it holds do.
func (n *nursery) judge(t *template) string {
	if why, ok := t.hello.Details["unfit"].(string); ok && why != "" {
		return why
	}
	if t.hello.PID != t.process.PID() {
		return "the interpreter runs behind another process"
	}
	threads, _ := t.hello.Details["threads"].(float64)
	if threads == 1 {
		return ""
	}
	if threads < 1 {
		return "the template does not say how many threads it has"
	}
	started := "a thread"
	if threads > 2 {
		started = fmt.Sprintf("%d threads", int(threads)-1)
	}
	imports := "the imports"
	if preload := n.executor.config.Runtime.Preload; len(preload) > 0 {
		imports += " of " + strings.Join(preload, ", ")
	}
	return imports + " started " + started
}

// fork forks a worker, with one other try where the template ended meanwhile. It
// returns nil where workers are started one by one.
func (n *nursery) fork(w *worker, nonce string, files []*os.File) (*osproc.Process, error) {
	limit := n.executor.config.HandshakeTimeout
	for second := false; ; second = true {
		t, err := n.get(time.Now().Add(limit))
		if t == nil {
			return nil, err
		}
		w.readyBy = time.Now().Add(limit) // the start of the template has taken its own time
		p, err := t.fork(nonce, files, w.readyBy)
		if err == nil {
			w.template = t
			return p, nil
		}
		if second || !t.ended() {
			return nil, err
		}
	}
}

// close ends the template. It comes after all workers have ended.
func (n *nursery) close() {
	n.mu.Lock()
	t := n.current
	n.current = nil
	n.mu.Unlock()
	if t != nil {
		t.end(false)
	}
}
