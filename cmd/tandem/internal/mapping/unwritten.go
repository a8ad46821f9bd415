package mapping

import "sync"

// unwritten has the lines of calls that are in the buffer of standard output or on their
// way out of it. It may be used from several goroutines.
type unwritten struct {
	mu      sync.Mutex
	text    []byte // all lines
	pieces  []piece
	refused map[int]bool // numbers of inputs of which the output did not take a line
}

// piece is what a call wrote at once.
type piece struct {
	number, size int
	start        *callLines // of the call
}

// add notes lines of the input with that number that the output has taken.
func (u *unwritten) add(number int, start *callLines, lines []byte) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.text = append(u.text, lines...)
	u.pieces = append(u.pieces, piece{number, len(lines), start})
}

// refuse notes that the output did not take a line.
func (u *unwritten) refuse(number int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.refused == nil {
		u.refused = map[int]bool{}
	}
	u.refused[number] = true
}

// written forgets all lines: they were written.
func (u *unwritten) written() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.text, u.pieces = u.text[:0], u.pieces[:0]
}

// of returns a copy of the lines of a call, and whether the output took all that it
// wrote.
func (u *unwritten) of(number int) (lines []byte, whole bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	at := 0
	var start *callLines
	for _, p := range u.pieces {
		if p.number == number {
			if n := len(lines); n > 0 && p.start != start && lines[n-1] != '\n' {
				lines = append(lines, '\n') // as it was written
			}
			start = p.start
			lines = append(lines, u.text[at:at+p.size]...)
		}
		at += p.size
	}
	return lines, !u.refused[number]
}
