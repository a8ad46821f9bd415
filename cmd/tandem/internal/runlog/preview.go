package runlog

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/gotandem/tandem/cmd/tandem/internal/inputs"
	"github.com/gotandem/tandem/cmd/tandem/internal/report"
)

// Preview is what a run would do about its inputs. It serves one goroutine. A nil
// Preview is one without a log, which runs all.
type Preview struct {
	keyer *Keyer
	left  plan
}

// OpenPreview reads a log and refuses it as [Open] does, but changes nothing: a log
// that does not exist is not made, a torn line stays, and the lock is given back. A
// run that begins later may find more in the log.
func OpenPreview(c Config) (*Preview, Notes, error) {
	p := &Preview{keyer: NewKeyer(c.Task)}
	info, err := os.Stat(c.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return p, Notes{}, nil
	case err == nil && isPipe(info):
		if c.Mode != New {
			return nil, Notes{}, refusePipe(c.Path)
		}
		return p, Notes{}, nil // opening it would wait for a reader
	}
	file, err := os.Open(c.Path)
	if err != nil {
		return nil, Notes{}, fmt.Errorf("log %s: %w", c.Path, report.WithoutPath(err))
	}
	defer file.Close()
	notes, err := p.load(&Log{file: file}, c)
	if err != nil {
		return nil, Notes{}, err
	}
	return p, notes, nil
}

// load reads what the log has.
func (p *Preview) load(l *Log, c Config) (Notes, error) {
	size, err := l.lock(c)
	switch {
	case err != nil:
		return Notes{}, err
	case c.Mode == New && size > 0:
		return Notes{}, l.checkUnused()
	}
	x, notes, err := l.read(c, size)
	if err != nil {
		return Notes{}, err
	}
	p.left = x.plan(c.Mode)
	notes.count(p.left)
	return notes, nil
}

// Action returns what the run would do about its next input.
func (p *Preview) Action(in inputs.Record) Action {
	if p == nil {
		return Run
	}
	action, _ := p.left.take(p.keyer.Key(in))
	return action
}
