package wire

import (
	"fmt"
	"strconv"
	"strings"
)

// EnvName is the environment variable that makes a program a worker. The worker
// reads it once and removes it, or its own children would become workers too.
const EnvName = "TANDEM_WORKER"

// firstFreeFD is the first descriptor that is not one of the standard three.
const firstFreeFD = 3

// Gate is the value of the environment variable [EnvName].
type Gate struct {
	Version  int
	Socket   int    // descriptor of the frames
	BlackBox int    // descriptor of the black box
	Nonce    string // random hexadecimal word, returned in hello
}

// String returns the value for the environment, for example "1:3:4:9f3c".
func (g Gate) String() string {
	return fmt.Sprintf("%d:%d:%d:%s", g.Version, g.Socket, g.BlackBox, g.Nonce)
}

// ParseGate reads what [Gate.String] wrote. The error is a [*ProtocolError].
// The version is judged first, as another version may have other parts.
func ParseGate(s string) (Gate, error) {
	parts := strings.Split(s, ":")
	version, ok := parseNumber(parts[0])
	if !ok {
		return Gate{}, protocolError(FieldGate, fmt.Sprintf("%s is %q, want version:socket:blackbox:nonce", EnvName, s))
	}
	if version != Version {
		return Gate{}, protocolError(FieldVersion, fmt.Sprintf("is %d in %s, this side speaks %d", version, EnvName, Version))
	}
	if len(parts) != 4 {
		return Gate{}, protocolError(FieldGate, fmt.Sprintf("%s is %q, want version:socket:blackbox:nonce", EnvName, s))
	}
	g := Gate{Version: version, Nonce: parts[3]}
	var okSocket, okBox bool
	g.Socket, okSocket = parseNumber(parts[1])
	g.BlackBox, okBox = parseNumber(parts[2])
	switch {
	case !okSocket || !okBox || g.Socket < firstFreeFD || g.BlackBox < firstFreeFD || g.Socket == g.BlackBox:
		return Gate{}, protocolError(FieldGate, fmt.Sprintf("%s is %q, want two different descriptors from %d up", EnvName, s, firstFreeFD))
	case !isHexWord(g.Nonce):
		return Gate{}, protocolError(FieldGate, fmt.Sprintf("%s is %q, want a hexadecimal word at the end", EnvName, s))
	}
	return g, nil
}

// parseNumber reads decimal digits, without sign.
func parseNumber(s string) (int, bool) {
	n, err := strconv.ParseUint(s, 10, 31)
	return int(n), err == nil
}

func isHexWord(s string) bool {
	for i := range len(s) {
		if !isHex(s[i]) {
			return false
		}
	}
	return s != ""
}
