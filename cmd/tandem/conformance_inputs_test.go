//go:build linux

package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
)

// special has what shells and tools make something of.
const special = `My brother's 12" *  records (costs $30, ~, #1; & | < > ! {x,y} \ ` + "`a`)"

func checkSpecialCharacters(t *testing.T) {
	inputs := []string{special, "two\nlines", "-n", "--", "\xff\xfe", "  ", "{}", "a=b"}
	want := strings.Join(inputs, "|\n") + "|\n"
	command := []string{"--", "printf", `%s|\n`, "{}"}
	run(t, strings.Join(inputs, "\x00")+"\x00", append([]string{"map", "-0"}, command...)...).expect(t, 0, want, clean)
	run(t, "", append(append(append([]string{"map"}, command...), ":::"), inputs...)...).expect(t, 0, want, clean)
	run(t, strings.Join(inputs, "\x00")+"\x00", "map", "-0", "--shell", "--", `printf '%s|\n' {}`).expect(t, 0, want, clean)
}

func checkComposed(t *testing.T) {
	run(t, "", "map", "--shell", "--", "echo first; echo {} | tr a-z A-Z", ":::", "b  b", "$(c)").
		expect(t, 0, "first\nB  B\nfirst\n$(C)\n", clean)
}

func checkRepeated(t *testing.T) {
	run(t, "", "map", "--", "echo", "{}", "{}{}", "x{}y", ":::", "a b").expect(t, 0, "a b a ba b xa by\n", clean)
	run(t, "", "map", "--shell", "--", "echo {} {}{}", ":::", "a  b").expect(t, 0, "a  b a  ba  b\n", clean)
}

func checkInputSize(t *testing.T) {
	long := "foo." + strings.Repeat("x", pick(5*mib, 100*mib))
	run(t, long+"\n", "map", "--", "echo", "{.}").expect(t, 0, "foo\n", clean)

	fits, tooLong := strings.Repeat("y", 131_000), strings.Repeat("z", 140_000)
	o := run(t, fits+"\n"+tooLong+"\nshort\n", "map", "-p", "1", "--", "printf", `%s\n`, "{}")
	o.expect(t, 1, fits+"\nshort\n", `tandem: input 2 ("zzz`, "argument")
	if len(o.stderr) > 2000 {
		t.Errorf("the error has %d bytes", len(o.stderr))
	}
	checkPython := "import sys; sys.stdout.write(str(len(sys.argv[1])))"
	run(t, fits+"\n", "map", "--", "python3", "-c", checkPython).expect(t, 0, "131000", clean)
}

// Each line of standard input is in the output once, whole, and in order, through
// blocks for many lines and through calls for a few each.
func TestLinesThroughCat(t *testing.T) {
	for name, test := range map[string]struct {
		lines int
		args  []string
	}{
		"block":            {pick(20_000, 100_000), []string{"-p", "2", "--pipe", "--block", "1M", "--", "cat"}},
		"small block":      {pick(1_000, 100_000), []string{"-p", "2", "--pipe", "--block", "4K", "--", "cat"}},
		"argument":         {pick(1_000, 100_000), []string{"-p", "2", "--", "printf", `%s\n`, "{}"}},
		"argument, python": {pick(20_000, 100_000), []string{"-p", "2", "--as", "str", "--output", "raw", "tasks.py:echo"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, append([]string{"map"}, test.args...)...)
			fed := make(chan error, 1)
			go func() {
				_, err := io.Copy(s.stdin, newNumbered(test.lines))
				_ = s.stdin.Close()
				fed <- err
			}()
			expectStream(t, s.stdout, newNumbered(test.lines))
			expectEnd(t, s.stdout)
			s.wait().expect(t, 0, "", clean)
			if err := <-fed; err != nil {
				t.Error(err)
			}
		})
	}
}

// numbered is a stream of lines of 1 KiB, each with its number in front.
type numbered struct {
	n, of int
	rest  []byte
}

func newNumbered(lines int) *numbered { return &numbered{of: lines} }

func (l *numbered) Read(b []byte) (int, error) {
	if len(l.rest) == 0 {
		if l.n == l.of {
			return 0, io.EOF
		}
		l.n++
		l.rest = append(fmt.Appendf(nil, "%09d ", l.n), bytes.Repeat([]byte{'a' + byte(l.n%26)}, kib-11)...)
		l.rest = append(l.rest, '\n')
	}
	n := copy(b, l.rest)
	l.rest = l.rest[n:]
	return n, nil
}

// A million calls take no more memory than a thousand.
func TestManyCallsTakeBoundedMemory(t *testing.T) {
	calls := pick(50_000, 1_000_000)
	s := start(t, "map", "-p", "2", "tasks.py:double")
	peak := s.peakMemory()
	fed := make(chan struct{})
	go func() {
		defer close(fed)
		for n := 1; n <= calls; n += 1000 {
			if _, err := io.WriteString(s.stdin, numbers(n, n+999, same)); err != nil {
				return
			}
		}
		_ = s.stdin.Close()
	}()
	for n := 1; n <= calls; n += 1000 {
		expectStream(t, s.stdout, strings.NewReader(numbers(n, n+999, func(n int) int { return 2 * n })))
	}
	expectEnd(t, s.stdout)
	most := peak()
	t.Logf("%d MiB of memory for %d calls", most/mib, calls)
	<-fed
	s.wait().expect(t, 0, "", clean)
	if bound := memoryBound(64 * mib); most > bound {
		t.Errorf("%d calls took %d MiB, want at most %d", calls, most/mib, bound/mib)
	}
}
