//go:build linux

package main

import (
	"flag"
	"testing"
	"time"
)

// large makes the tests of behaviour as large as users' work: make stress-cli asks
// for it. Their small forms are for each change.
var large bool

func init() {
	flag.BoolFunc("large", "run tests of behaviour in their large size: hours, and gigabytes of memory and disk", func(string) error {
		large, patience = true, time.Hour
		return nil
	})
}

// pick returns the size for this run.
func pick(small, big int) int {
	if large {
		return big
	}
	return small
}

// clean is on standard error after a run without failures.
const clean = ", 0 failed in "

const (
	kib = 1 << 10
	mib = 1 << 20
	gib = 1 << 30
)

// behaviours are what users of such tools rely on. The names in capitals are those
// that GNU parallel documents as tests of other tools.
var behaviours = []struct {
	name, property string
	check          func(t *testing.T)
}{
	{"MIX", "outputs of calls that run at once never mix, whole chunks or lines", checkMix},
	{"STDERRMERGE", "standard output and standard error stay apart", checkStreamsApart},
	{"TAG", "each line of a call's output begins with its input", checkTag},
	{"LINEBUFFER", "lines pass as they come and are never torn", checkLineBuffer},
	{"RAM", "more output than memory arrives whole, and memory is bounded", checkMemory},
	{"DISKFULL", "output that finds no room on the disk is an error, never lost in silence", checkDiskFull},
	{"CLEANUP", "SIGKILL of tandem leaves no file and no process", checkCleanup},
	{"NUMWORDS", "lines of many words cost what lines of few words cost", checkWords},
	{"4GB", "one long line without an end passes unchanged", checkLongLine},

	{"SPCCHAR", "a name with special characters reaches the program unchanged", checkSpecialCharacters},
	{"COMPOSED", "a composed command works in a shell", checkComposed},
	{"ONEREP", "a placeholder is replaced wherever it stands", checkRepeated},
	{"INPUTSIZE", "an input is as long as it likes; an argument as the system likes, and a longer one fails alone", checkInputSize},

	{"HALT", "each form halts when it says, with its status", checkHaltForms},
	{"HALT NOW", "calls that run are killed", checkHaltNow},
	{"HALT SOON", "calls that run finish", checkHaltSoon},
	{"JOBS FILE", "a file of -p is read again while calls run", checkJobsFile},
	{"TIMEOUT PERCENT", "a call that takes a multiple of the median is killed", checkTimeoutPercent},
	{"MEMFREE", "the youngest call is killed when memory is short, and runs again later", checkMemoryFree},
	{"DELAY", "calls start apart from each other", checkDelay},
	{"LOAD", "calls start below a load", checkLoad},
	{"HANGUP", "SIGHUP starts nothing more and lets what runs finish", checkHangup},
	{"FAILURES", "the status says that calls failed, the summary how many", checkFailureCounts},

	{"RESUME", "what finished does not run again, in whatever order the inputs are", checkResume},
	{"RESUME RESULTS", "what --results has of an earlier run stays", checkResumeResults},
	{"RESUME FAILED", "what failed runs again", checkResumeFailed},
	{"RESUME CUT", "what a signal cut off runs again", checkResumeCut},
	{"RESUME TORN", "a torn last line counts for nothing", checkResumeTorn},
	{"RESUME OTHER", "the log of another task is refused, a changed task is said", checkResumeOther},
	{"JOBLOG", "the log of jobs has the columns of GNU parallel", checkJobLog},
}

func TestConformance(t *testing.T) {
	for _, b := range behaviours {
		t.Run(b.name, func(t *testing.T) {
			t.Log(b.property)
			b.check(t)
		})
	}
}
