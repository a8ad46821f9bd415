package runlog

import (
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

// outputMost is how many bytes of output a held line has. Longer outputs are kept
// beside the log: less makes many files, more a large log, which stays.
const outputMost = 256 << 10

// place says where the output of a held call is kept.
type place uint8

const (
	inLine  place = iota
	apart         // in the folder of the log
	nowhere       // the call runs again when its output is not written
)

// placeOf returns where an output is to be kept, when a log has a folder.
func placeOf(o *outcome.Outcome) place {
	switch {
	case o.Cut:
		return nowhere
	case o.Stdout.File != nil || o.Stderr.File != nil || o.Stdout.Len()+o.Stderr.Len() > outputMost:
		return apart
	}
	return inLine
}

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
func appendHeld(dst []byte, o *outcome.Outcome, of id, output place) []byte {
	dst = appendStart(dst, eventHeld, o)
	dst = strconv.AppendBool(append(dst, `,"replay":`...), output != nowhere)
	dst = strconv.AppendInt(append(dst, `,"output_bytes":`...), o.Stdout.Len()+o.Stderr.Len(), 10)
	switch output {
	case nowhere:
		return appendRest(dst, o, errorMost)
	case apart:
		dst = appendFile(dst, of, stdoutName, o.Stdout)
		dst = appendFile(dst, of, stderrName, o.Stderr)
	case inLine:
		dst = appendOutput(dst, stdoutName, o.Stdout.Bytes)
		dst = appendOutput(dst, stderrName, o.Stderr.Bytes)
	}
	return appendRest(dst, o, failureMost)
}

// appendFile appends the name of a stream that is kept apart.
func appendFile(dst []byte, of id, name string, s outcome.Stream) []byte {
	if s.Len() == 0 {
		return dst
	}
	dst = append(dst, `,"`+name+`_file":"`...)
	return append(append(dst, fileName(of, name)...), '"')
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
	return appendOf(dst, eventWritten, of)
}

// appendOf appends a line about the call that was held.
func appendOf(dst []byte, event string, of id) []byte {
	dst = strconv.AppendInt(append(dst, `{"event":"`+event+`","run":`...), int64(of.run), 10)
	dst = strconv.AppendInt(append(dst, `,"number":`...), int64(of.number), 10)
	return append(dst, "}\n"...)
}
