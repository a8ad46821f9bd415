package runlog

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"

	"encoding/base64"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/cmd/tandem/internal/jsontext"
	"github.com/gotandem/tandem/cmd/tandem/internal/outcome"
	"github.com/gotandem/tandem/cmd/tandem/internal/report"
)

// What is kept of long things. More makes a log of many calls large, less makes
// it hard to see which input a line is about.
const (
	inputMost    = 200      // bytes of an input
	errorMost    = 400      // bytes of an error
	failureMost  = 64 << 10 // bytes of an error that is to be reported later
	attemptsMost = 16       // attempts of a call
)

// outputMost is how much output a held line has. Longer outputs are not kept:
// their calls run again when the run ends before they are written.
const outputMost = 1 << 20

// statusOf returns the status of an ended call.
func statusOf(o *outcome.Outcome) string {
	switch {
	case o.Cut:
		return statusCut
	case o.Err != nil:
		return statusFailed
	}
	return statusOK
}

// appendEnd appends the line for a call whose output has been written.
func appendEnd(dst []byte, o *outcome.Outcome) []byte {
	dst = appendStart(dst, eventEnd, o)
	return appendRest(dst, o, errorMost)
}

// appendHeld appends the line for a call whose output has not been written.
func appendHeld(dst []byte, o *outcome.Outcome) []byte {
	dst = appendStart(dst, eventHeld, o)
	size := o.Stdout.Len() + o.Stderr.Len()
	stdout, err := contents(o.Stdout, size)
	stderr, err2 := contents(o.Stderr, size)
	if o.Cut || size > outputMost || err != nil || err2 != nil {
		dst = append(dst, `,"replay":false,"output_bytes":`...)
		return appendRest(strconv.AppendInt(dst, size, 10), o, errorMost)
	}
	dst = append(dst, `,"replay":true,"output_bytes":`...)
	dst = strconv.AppendInt(dst, size, 10)
	dst = appendOutput(dst, "stdout", stdout)
	dst = appendOutput(dst, "stderr", stderr)
	return appendRest(dst, o, failureMost)
}

// contents returns the bytes of a stream unless the size says that they are not
// wanted.
func contents(s outcome.Stream, size int64) ([]byte, error) {
	if s.File == nil || size > outputMost {
		return s.Bytes, nil
	}
	var b bytes.Buffer
	_, err := s.WriteTo(&b)
	return b.Bytes(), err
}

// appendOutput appends a member with text, or with base64 where the output is no
// text.
func appendOutput(dst []byte, name string, output []byte) []byte {
	switch {
	case len(output) == 0:
		return dst
	case utf8.Valid(output):
		return jsontext.AppendString(append(dst, `,"`+name+`":`...), output)
	}
	dst = append(dst, `,"`+name+`_base64":"`...)
	return append(base64.StdEncoding.AppendEncode(dst, output), '"')
}

// appendStart appends what parseQuickly reads.
func appendStart(dst []byte, name string, o *outcome.Outcome) []byte {
	dst = append(dst, `{"event":"`+name+`","number":`...)
	dst = strconv.AppendInt(dst, int64(o.Number), 10)
	dst = jsontext.AppendHex(append(dst, `,"key":`...), o.Key[:])
	return append(dst, `,"status":"`+statusOf(o)+`"`...)
}

// appendRest appends the members that say what happened, and the end of the line.
func appendRest(dst []byte, o *outcome.Outcome, mostOfError int) []byte {
	dst, whole := jsontext.AppendShort(append(dst, `,"input":`...), o.Input, inputMost)
	if !whole {
		dst = strconv.AppendInt(append(dst, `,"input_bytes":`...), int64(len(o.Input)), 10)
	}
	dst = jsontext.AppendTime(append(dst, `,"started":`...), o.Start)
	dst = jsontext.AppendSeconds(append(dst, `,"wall_s":`...), o.Wall)
	if o.Exit >= 0 {
		dst = strconv.AppendInt(append(dst, `,"exit":`...), int64(o.Exit), 10)
	}
	if o.Signal != 0 {
		dst = strconv.AppendInt(append(dst, `,"signal":`...), int64(o.Signal), 10)
	}
	if o.Err != nil {
		dst = appendFailure(dst, o, mostOfError)
	}
	return append(appendAttempts(dst, o.Attempts), "}\n"...)
}

func appendFailure(dst []byte, o *outcome.Outcome, most int) []byte {
	dst = jsontext.AppendString(append(dst, `,"kind":`...), o.Kind)
	if failure, ok := errors.AsType[*tandem.CallError](o.Err); ok {
		dst = append(dst, fmt.Sprintf(`,"code":%q,"fate":%q`, failure.Code, failure.Fate)...)
	}
	dst, _ = jsontext.AppendShort(append(dst, `,"error":`...), failureText(o.Err), most)
	return dst
}

// failureText is err as its report shows it: a plain error with this text has
// the same report.
func failureText(err error) string {
	text, rest := report.Explain(err)
	for _, line := range rest {
		text += "\n" + line
	}
	return text
}

// appendAttempts appends the last attempts of a call; their numbers show when
// some are left out.
func appendAttempts(dst []byte, attempts []tandem.Attempt) []byte {
	dst = append(dst, `,"attempts":[`...)
	for i, a := range attempts[max(0, len(attempts)-attemptsMost):] {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = strconv.AppendInt(append(dst, `{"attempt":`...), int64(a.Number), 10)
		dst = strconv.AppendInt(append(dst, `,"slot":`...), int64(a.Slot), 10)
		dst = strconv.AppendInt(append(dst, `,"thread":`...), int64(a.Thread), 10)
		dst = strconv.AppendInt(append(dst, `,"pid":`...), int64(a.PID), 10)
		dst = jsontext.AppendTime(append(dst, `,"started":`...), a.Start)
		dst = jsontext.AppendSeconds(append(dst, `,"wall_s":`...), a.Wall)
		dst = jsontext.AppendSeconds(append(dst, `,"cpu_s":`...), a.CPU)
		dst = strconv.AppendInt(append(dst, `,"peak_bytes":`...), a.PeakRSS, 10)
		if a.Err != nil && i < len(attempts)-1 || a.Err != nil && a.Again {
			dst, _ = jsontext.AppendShort(append(dst, `,"error":`...), a.Err.Error(), errorMost)
		}
		dst = append(dst, '}')
	}
	return append(dst, ']')
}

// appendWritten appends the line for a held call whose output has been written.
func appendWritten(dst []byte, of id) []byte {
	dst = strconv.AppendInt(append(dst, `{"event":"written","run":`...), int64(of.run), 10)
	dst = strconv.AppendInt(append(dst, `,"number":`...), int64(of.number), 10)
	return append(dst, "}\n"...)
}
