package jsontext

import (
	"encoding/hex"
	"math"
	"strconv"
	"time"
	"unicode/utf8"
)

const hexDigits = "0123456789abcdef"

// AppendString appends text as a JSON string.
func AppendString[T string | []byte](dst []byte, text T) []byte {
	dst = append(dst, '"')
	plain := 0
	for i := 0; i < len(text); {
		if c := text[i]; c >= ' ' && c < utf8.RuneSelf && c != '"' && c != '\\' {
			i++
			continue
		}
		dst = append(dst, text[plain:i]...)
		n := 0
		dst, n = appendRune(dst, text, i)
		i += n
		plain = i
	}
	return append(append(dst, text[plain:]...), '"')
}

// appendRune appends the character at text[i], which is not plain, and returns
// its length there.
func appendRune[T string | []byte](dst []byte, text T, i int) ([]byte, int) {
	switch c := text[i]; {
	case c == '"' || c == '\\':
		return append(dst, '\\', c), 1
	case c == '\n':
		return append(dst, '\\', 'n'), 1
	case c == '\t':
		return append(dst, '\\', 't'), 1
	case c < ' ':
		return append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15]), 1
	}
	r, n := utf8.DecodeRuneInString(string(text[i:min(len(text), i+utf8.UTFMax)]))
	if r == utf8.RuneError && n < 2 {
		return append(dst, "\uFFFD"...), 1
	}
	return append(dst, text[i:i+n]...), n
}

// AppendShort appends the first most bytes of text as a JSON string, fewer when
// they would end inside a character, and reports whether that is all of it.
func AppendShort(dst []byte, text string, most int) ([]byte, bool) {
	if len(text) <= most {
		return AppendString(dst, text), true
	}
	cut := most
	for cut > most-utf8.UTFMax && cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return AppendString(dst, text[:cut]), false
}

// AppendHex appends b as a JSON string of hexadecimal digits.
func AppendHex(dst, b []byte) []byte {
	return append(hex.AppendEncode(append(dst, '"'), b), '"')
}

// AppendTime appends the seconds from 1970 to t, with six decimals.
func AppendTime(dst []byte, t time.Time) []byte {
	if t.IsZero() {
		return append(dst, '0')
	}
	return appendMicros(dst, t.UnixMicro())
}

// AppendSeconds appends d in seconds, with six decimals.
func AppendSeconds(dst []byte, d time.Duration) []byte {
	return appendMicros(dst, d.Microseconds())
}

func appendMicros(dst []byte, micros int64) []byte {
	if micros < 0 {
		dst = append(dst, '-')
		micros = -max(micros, -math.MaxInt64)
	}
	dst = strconv.AppendInt(dst, micros/1e6, 10)
	rest := micros % 1e6
	dst = append(dst, '.')
	for unit := int64(1e5); unit > 0; unit /= 10 {
		dst = append(dst, byte('0'+rest/unit%10))
	}
	return dst
}
